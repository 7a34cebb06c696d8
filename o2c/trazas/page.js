// Draws what the address asks for: ?q=&service=…&traza=ID&tramo=ID. Every view is an address, so links and "back" work by themselves.
const asked = new URLSearchParams(location.search)
const $ = id => document.getElementById(id)
const PAGE = 200
const LA_PAZ_HOURS = 4
const dayOf = format({ day: 'numeric', month: 'short', year: 'numeric' })
const hourOf = format({ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' })

function format (parts) {
  const made = new Intl.DateTimeFormat('es-BO', { timeZone: 'America/La_Paz', ...parts })
  return ns => made.format(new Date(ns / 1e6))
}

/** An element with attributes and children; text is always text, never markup. */
function el (name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') made.addEventListener('click', value)
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children)
  return made
}

function duration (ns) {
  if (ns < 1e6) return `${Math.max(0, Math.round(ns / 1e3))} µs`
  if (ns < 1e9) return `${(ns / 1e6).toLocaleString('es-BO', { maximumFractionDigits: ns < 1e7 ? 1 : 0 })} ms`
  const seconds = ns / 1e9
  if (seconds < 60) return `${seconds.toLocaleString('es-BO', { maximumFractionDigits: 1 })} s`
  const sizes = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]
  const at = sizes.findIndex(([size]) => seconds >= size)
  const [[big, one], [small, two]] = [sizes[at], sizes[at + 1]]
  return `${Math.floor(seconds / big)} ${one} ${Math.floor(seconds % big / small)} ${two}`
}

const short = service => service.replace(/^o2c-/, '')
const service = name => el('span', { class: 'service', 'data-service': short(name) }, short(name))

/** The address of this search with other parts. */
function address (changes) {
  const next = new URLSearchParams(asked)
  for (const [key, value] of Object.entries(changes)) value ? next.set(key, value) : next.delete(key)
  return `/trazas?${next}`
}

async function get (path) {
  const answer = await fetch(path)
  const body = await answer.json()
  if (!answer.ok) throw new Error(body.why)
  return body
}

// ---- search

function fill (services) {
  const form = $('search')
  for (const name of services) form.service.append(el('option', { value: name }, short(name)))
  for (const [key, value] of asked) {
    const field = form.elements[key]
    if (field) field.type === 'checkbox' ? field.checked = true : field.value = value
  }
}

function query () {
  const sent = new URLSearchParams()
  for (const key of ['q', 'service', 'name', 'min_ms', 'errors', 'technical']) if (asked.get(key)) sent.set(key, asked.get(key).replace(',', '.'))
  for (const [key, name] of [['since', 'since_ms'], ['until', 'until_ms']]) {
    if (asked.get(key)) sent.set(name, Date.parse(`${asked.get(key)}Z`) + LA_PAZ_HOURS * 3600e3)
  }
  return sent
}

function showChains (traces) {
  const days = Map.groupBy(traces, one => dayOf(one.start_ns))
  const most = Math.max(...[...days.values()].map(some => some.length))
  for (const [day, some] of days) {
    const id = `dia-${day.replace(/\W+/g, '-')}`
    $('days').firstElementChild.append(el('li', {}, el('a', { href: `#${id}` }, `${day}: ${some.length}`,
      el('meter', { value: some.length, max: most, 'aria-hidden': 'true' }))))
    const heading = el('th', { colspan: 7, scope: 'rowgroup', class: 'day', id }, day)
    $('chains').append(el('tbody', {}, el('tr', {}, heading), ...some.map(chain)))
  }
  $('days').hidden = days.size < 2
}

function chain (one) {
  const words = one.did.join(' · ') || 'Sin hechos'
  return el('tr', {},
    el('td', { class: 'when' }, hourOf(one.start_ns)),
    el('td', {}, el('a', { href: address({ traza: one.trace, tramo: '' }) }, words)),
    el('td', {}, one.name),
    el('td', { class: 'number' }, duration(one.end_ns - one.start_ns)),
    el('td', {}, ...one.services.flatMap(name => [service(name), ' '])),
    el('td', { class: 'number' }, one.spans),
    el('td', { class: one.errors ? 'number bad' : 'number' }, one.errors ? `⚠ ${one.errors}` : '0'))
}

// ---- one trace

/** Spans as a tree, flattened: children after their parent, each with its depth; what has no parent here stands at the left. */
function flatten (spans) {
  const here = new Set(spans.map(one => one.span))
  const below = Map.groupBy(spans, one => here.has(one.parent) ? one.parent : '')
  const walk = (parent, depth) => (below.get(parent) ?? []).flatMap(one => {
    const inner = walk(one.span, depth + 1)
    return [{ ...one, depth, inner: inner.length }, ...inner]
  })
  return walk('', 0)
}

function showTrace (trace) {
  const rows = flatten(trace.spans)
  const start = Math.min(...rows.map(one => one.start_ns))
  const total = Math.max(1, Math.max(...rows.map(one => one.end_ns)) - start)
  const failed = rows.filter(one => one.error).length
  $('trace').hidden = false
  $('trace-title').textContent = `Traza ${trace.trace}`
  document.title = `${rows[0].name} · Trazas · O2C`
  $('back').href = address({ traza: '', tramo: '' })
  $('download').href = `/trazas/api/trace/${trace.trace}/jaeger.json`
  $('trace-facts').textContent = `${dayOf(start)} ${hourOf(start)} · ${duration(total)} · ${rows.length} tramos · ` +
    (failed ? `${failed} con error` : 'sin errores')
  for (const name of new Set(rows.map(one => one.service))) $('legend').append(el('li', {}, service(name)))
  for (const part of [0, 0.25, 0.5, 0.75, 1]) $('axis').append(el('span', {}, duration(total * part)))
  $('waterfall').tBodies[0].append(...rows.map(one => row(one, start, total, rows)))
  $('waterfall').addEventListener('keydown', steer)
  const first = rows.find(one => one.span === asked.get('tramo')) ?? rows[0]
  open(first, trace.trace, rows)
  $('trace-title').focus()

  function row (one, start, total) {
    const fold = one.inner
      ? el('button', { class: 'fold', type: 'button', 'aria-expanded': 'true', 'aria-label': `Plegar lo que sigue de ${one.name}`, tabindex: '-1', onclick: () => toggle(one.span, rows) }, '▾')
      : el('span', { class: 'leaf' })
    const bar = el('div', { class: one.error ? 'bar bad' : 'bar', 'data-service': short(one.service) })
    bar.style.left = `min(${(one.start_ns - start) / total * 100}%, 100% - 4px)`
    bar.style.width = `${(one.end_ns - one.start_ns) / total * 100}%`
    const name = el('div', { class: 'name' }, fold,
      el('button', { class: 'open', type: 'button', onclick: () => open(one, trace.trace, rows) },
        ...(one.error ? [el('span', { class: 'bad' }, '⚠ error '), one.name] : [one.name]), one.facts ? ` · ${one.facts}` : ''))
    name.style.setProperty('--depth', one.depth)
    return el('tr', { id: `tramo-${one.span}` }, el('td', {}, name), el('td', {}, service(one.service)),
      el('td', { class: 'number' }, duration(one.end_ns - one.start_ns)), el('td', {}, el('div', { class: 'track' }, bar)))
  }
}

function toggle (span, rows) {
  const button = $(`tramo-${span}`).querySelector('.fold')
  const unfolded = button.getAttribute('aria-expanded') === 'false'
  button.setAttribute('aria-expanded', unfolded)
  button.textContent = unfolded ? '▾' : '▸'
  let deepest = Infinity // of what is shown: the depth of the folded row we are below
  for (const one of rows) {
    const line = $(`tramo-${one.span}`)
    if (one.depth <= deepest) deepest = Infinity
    line.hidden = one.depth > deepest
    if (!line.hidden && line.querySelector('.fold[aria-expanded="false"]')) deepest = one.depth
  }
}

function steer (event) {
  const line = event.target.closest('tbody tr')
  if (!line) return
  const lines = [...line.parentNode.rows].filter(one => !one.hidden)
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const fold = { ArrowRight: 'false', ArrowLeft: 'true' }[event.key]
  if (step) lines[lines.indexOf(line) + step]?.querySelector('.open').focus()
  else if (fold) line.querySelector(`.fold[aria-expanded="${fold}"]`)?.click()
  else return
  event.preventDefault()
}

// ---- one span

function open (one, trace, rows) {
  for (const line of $('waterfall').tBodies[0].rows) line.removeAttribute('aria-current')
  $(`tramo-${one.span}`).setAttribute('aria-current', 'true')
  history.replaceState(null, '', address({ traza: trace, tramo: one.span }))
  const parent = rows.find(other => other.span === one.parent)
  const causes = one.causes.map(end => far(end, one.start_ns - end.end_ns, 'antes'))
  if (parent) causes.unshift(el('li', {}, el('a', { href: address({ traza: trace, tramo: parent.span }) }, parent.name), ' (en esta traza)'))
  else if (one.parent) causes.unshift(el('li', {}, 'Un tramo de afuera, que no se guardó aquí'))
  const follows = one.follows.map(end => far(end, end.start_ns - one.end_ns, 'después'))
  $('detail').replaceChildren(
    el('h3', { id: 'detail-title' }, one.name),
    pairs({ Servicio: short(one.service), Clase: one.kind, Inicio: `${dayOf(one.start_ns)} ${hourOf(one.start_ns)}`, Duración: duration(one.end_ns - one.start_ns), Estado: one.error ? '⚠ error' : 'sin error' }, 'Resumen del tramo'),
    ...list('Causada por', causes), ...list('Continúa en', follows),
    el('h4', {}, 'Atributos'), pairs(one.attributes, 'Atributos del tramo'),
    ...one.events.flatMap(event => [el('h4', {}, `Evento ${event.name}, ${hourOf(event.at_ns)}`), pairs(event.attributes, `Atributos del evento ${event.name}`)]),
    el('h4', {}, 'Proceso'), pairs(one.resource, 'Atributos del proceso'))
}

/** The far end of a link: batches, sends and commits serve many orders and come last. */
function far (end, wait, word) {
  if (!end.name) return el('li', { 'data-technical': 'true' }, `Traza ${end.trace.slice(0, 8)}…, que ya no está`)
  const words = [end.name, ...end.facts.split(' ')].filter(Boolean).join(' · ')
  const item = el('li', {}, el('a', { href: address({ traza: end.trace, tramo: end.span }) }, words), ' ',
    el('span', { class: 'wait' }, `${short(end.service)}, ${wait > 0 ? `${duration(wait)} ${word}` : 'al mismo tiempo'}`))
  if (/^(send|commit|process \w+\.v\d+$)/.test(end.name)) item.dataset.technical = 'true'
  return item
}

function list (title, items) {
  if (!items.length) return []
  items.sort((one, two) => Number('technical' in one.dataset) - Number('technical' in two.dataset))
  return [el('h4', {}, title), el('ul', {}, ...items)]
}

function pairs (values, label) {
  const lines = Object.entries(values).sort(([one], [two]) => Number(two.startsWith('o2c.')) - Number(one.startsWith('o2c.')))
  const text = value => Array.isArray(value) ? value.join(', ') : String(value)
  return el('table', {}, el('caption', { class: 'sr' }, label),
    el('tbody', {}, ...lines.map(([key, value]) => el('tr', {}, el('th', { scope: 'row' }, key), el('td', {}, text(value))))))
}

// ---- begin

try {
  const found = await get(`/trazas/api/search?${query()}`)
  fill(found.services)
  if (asked.get('traza')) showTrace(await get(`/trazas/api/trace/${encodeURIComponent(asked.get('traza'))}`))
  showChains(found.traces)
  const many = found.traces.length === PAGE ? `Las ${PAGE} cadenas más recientes` : found.traces.length === 1 ? 'Una cadena' : `${found.traces.length} cadenas`
  $('status').textContent = asked.get('q') ? `${many} de ${asked.get('q')}` : many
} catch (error) {
  $('status').textContent = error.message
}
document.body.dataset.ready = 'true'
