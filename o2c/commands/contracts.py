"""`o2c contracts`: generates the published contracts, guards what is released, and compares two versions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from o2c.contracts import golden, merged, salesforce, tmf
from o2c.contracts.compatibility import Change, Role, breaks
from o2c.contracts.released import FOLDER, Plan, Released, file_of, plan, role_of, to_text, versions_in
from o2c.local import service_of
from shared.contracts.catalogue import FACTS, SERVICES
from shared.messaging.asyncapi import document

app: Final = typer.Typer(add_completion=False, help="Contratos: generarlos, publicarlos y compararlos.", no_args_is_help=True)
MOST: Final = 20
PAGE: Final = "index.html"
GENERATED: Final = ("*asyncapi.json", "**/*.schema.json", "tmf/**/*.json", PAGE)
"""What `generate` writes below docs/contracts, and removes where it is not wanted any more."""
Folder = Annotated[Path, typer.Option("--folder", help="Carpeta de los contratos publicados.", hidden=True)]


@app.callback()
def group() -> None:
    """Contratos publicados."""


def documents(versions: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The AsyncAPI document of each service by its path below docs/contracts."""
    services = {name: service_of(name) for name in SERVICES}
    return {f"{name}.asyncapi.json": document(name, one.roster(), one.listens, versions) for name, one in services.items()}


def drift(released: Released, wanted: Plan) -> dict[str, str | None]:
    """Generated files that differ from what is there: the text they should have, None for one that should not be."""
    told = tmf.files()
    described = documents(dict(wanted.versions)) | {tmf.DOCUMENT: told[tmf.DOCUMENT]}
    described[salesforce.DOCUMENT] = salesforce.document(incoming_topics())
    sent = golden_of(told)
    by_owner = {path.partition(".")[0]: one for path, one in described.items()}
    described[merged.DOCUMENT] = merged.merged(by_owner, sent)
    files = {path: to_text(one) for path, one in {**wanted.drafts, **described, **told}.items()}
    files[PAGE] = page(released, {**wanted.drafts, **told}, by_owner, sent)
    paths = {path for pattern in GENERATED for path in released.folder.glob(pattern)}
    there = {path.relative_to(released.folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    extra = dict.fromkeys(set(there) - set(files) - set(released.hashes))
    return {**{path: text for path, text in files.items() if there.get(path) != text}, **extra}


def incoming_topics() -> list[str]:
    """The topics that the shipped mappings of Salesforce's organisations name."""
    from services.intake.adapters.edge import organisations  # noqa: PLC0415 - intake's rules are for few commands

    return [topic for one in organisations()[1] for topic in one.topics]


def golden_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """An example of each fact and each notification by its wire type."""
    messages = [golden.sample(service, name) for service in SERVICES for name in FACTS[service]]
    messages += [one for path, one in told.items() if path.startswith("tmf/golden/")]
    return {one["headers"]["ce_type"]: one for one in messages}


def page(
    released: Released, made: Mapping[str, Any], by_owner: Mapping[str, Any], examples: Mapping[str, Mapping[str, Any]]
) -> str:
    """The page of all messages, with the samples of facts and the golden notifications as examples."""
    from o2c.contracts.page.page import channels, incoming, render  # noqa: PLC0415 - for this command alone
    from shared.topics import TOPICS  # noqa: PLC0415 - likewise

    kept = {path: released.folder / path for path in released.hashes if path.endswith(".schema.json")}
    there = {path: json.loads(file.read_text(encoding="utf-8")) for path, file in kept.items() if file.exists()}
    drafts = {path: json.loads(to_text(one)) for path, one in made.items()}  # fields in the order that files have
    known = {one.name: one for one in TOPICS}
    consumer = (FOLDER / "examples" / "billing_consumer.py").read_text(encoding="utf-8")
    return render([incoming(by_owner["salesforce"], known), *channels(by_owner, {**there, **drafts}, examples, known)], consumer)


@app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="Sólo comprobar: falla si algo cambió.")] = False,
    folder: Folder = FOLDER,
) -> None:
    """Genera los esquemas JSON y los documentos AsyncAPI; lo publicado no se toca y un cambio incompatible no pasa."""
    console, released = Console(highlight=False, soft_wrap=True, markup=False), Released(folder)
    wanted = plan(released)
    for path, found in wanted.broken.items():
        say(console, path, found)
    broken = [*wanted.broken, *released.touched()]
    for problem in released.touched():
        console.print(problem)
    if broken:
        console.print("Un cambio incompatible es un tipo nuevo, de la siguiente versión mayor, junto al anterior.")
        raise typer.Exit(1)
    drifted = drift(released, wanted)
    if check:
        for path in sorted(drifted)[:MOST]:
            console.print(f"difiere: docs/contracts/{path}")
        if drifted:
            console.print("Ejecute make contracts y revise los cambios.")
        if wanted.drafts:
            console.print(f"Sin publicar: {', '.join(sorted(wanted.drafts)[:MOST])}")
            console.print("El cambio es compatible: publíquelo con «o2c contracts release».")
        if drifted or wanted.drafts:
            raise typer.Exit(1)
        console.print(f"Contratos al día: {len(released.hashes)} archivos publicados.")
        return
    for path, text in drifted.items():
        file = released.folder / path
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    console.print(f"Cambiaron {len(drifted)} archivos; {len(wanted.drafts)} esquemas sin publicar.")


@app.command()
def release(folder: Folder = FOLDER) -> None:
    """Publica los esquemas nuevos, cada hecho con su mensaje de muestra: entran en released.sha256 y no cambian nunca más."""
    console, released = Console(highlight=False, soft_wrap=True, markup=False), Released(folder)
    wanted = plan(released)
    if wanted.broken or list(released.touched()) or drift(released, wanted):
        console.print("Primero «o2c contracts generate»: los archivos no corresponden a los modelos.")
        raise typer.Exit(1)
    golden.write(folder, wanted.drafts)
    released.freeze({*wanted.drafts, *golden.files(folder)})
    console.print(f"Publicados {len(wanted.drafts)} esquemas.")


@app.command()
def push(
    registry: Annotated[
        str, typer.Option("--registry", help="Dirección del registro de esquemas, con usuario y clave si los pide")
    ],
    service: Annotated[
        list[str] | None, typer.Option("--service", help="De este servicio, o de varios; sin ella, todos.")
    ] = None,
    folder: Folder = FOLDER,
) -> None:
    """Entrega los esquemas publicados a un registro; repetirlo no cambia nada, y nada nuestro depende de él."""
    from o2c.contracts.registry import RegistryError  # noqa: PLC0415 - the client is for this command alone
    from o2c.contracts.registry import push as pushing  # noqa: PLC0415 - likewise

    console, done = Console(highlight=False, soft_wrap=True, markup=False), 0
    if unknown := sorted(set(service or ()) - set(SERVICES)):
        raise typer.BadParameter(f"no hay un servicio {unknown[0]}; hay {', '.join(SERVICES)}")
    try:
        for one in pushing(Released(folder), registry, lambda path: path.split("/")[0] in (service or SERVICES)):
            console.print(f"{one.subject} {one.version}: {one.id}")
            done += 1
    except RegistryError as error:
        console.print(f"El registro {error}. Se entregaron {done}; repetir la orden sigue donde quedó.")
        raise typer.Exit(1) from error
    console.print(f"Entregados {done} esquemas.")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="Esquema o carpeta anterior.", exists=True)],
    new: Annotated[Path, typer.Argument(help="Esquema o carpeta nueva.", exists=True)],
    as_json: Annotated[bool, typer.Option("--json", help="Resultado en JSON.")] = False,
) -> None:
    """Dice si NEW puede seguir a OLD sin romper a quien ya lee o escribe (salida 0), y si no, por qué (salida 1)."""
    console, found = Console(highlight=False, soft_wrap=True, markup=False), compared(old, new)
    broken = {path: changes for path, changes in found.items() if changes}
    if as_json:
        rows = [{"schema": path, "path": c.path, "kind": c.kind, "why": c.why} for path, all_ in broken.items() for c in all_]
        print(json.dumps({"compatible": not broken, "breaks": rows}, ensure_ascii=False, indent=1))
    else:
        for path, changes in broken.items():
            say(console, path, changes)
        console.print("Incompatible." if broken else f"Compatible: {len(found)} esquemas.")
    if broken:
        raise typer.Exit(1)


def compared(old: Path, new: Path) -> dict[str, list[Change]]:
    """The breaks of each schema: of two files, or of the newest of each message in two folders."""
    if old.is_file() and new.is_file():
        return {
            str(new): breaks(json.loads(old.read_text("utf-8")), json.loads(new.read_text("utf-8")), role_of(str(old.resolve())))
        }
    before, after = newest(old), newest(new)
    if not before:
        raise typer.BadParameter(f"{old}: no hay esquemas vMAYOR.MENOR.schema.json")
    gone = Change("$", "MESSAGE_REMOVED", "el mensaje ya no existe", "NARROWER")
    return {path: judged(file, after[path]) if path in after else [gone] for path, file in before.items()}


def judged(old: Path, new: Path) -> list[Change]:
    """The breaks between two schema files; the folder of the older one tells facts from commands."""
    return breaks(json.loads(old.read_text("utf-8")), json.loads(new.read_text("utf-8")), role_of(str(old.resolve())))


def newest(folder: Path) -> dict[str, Path]:
    """The newest schema of each major of each message: `billing/BillingRequested/v1`."""
    paths = {one.relative_to(folder).as_posix() for one in folder.rglob("*.schema.json")}
    return {
        f"{message}/v{one.major}": folder / file_of(message, one)
        for message, versions in versions_in(paths).items()
        for one in versions
    }


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Mensajes: un archivo JSON por mensaje.", exists=True, dir_okay=False)
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Mapeo de campos en YAML, en lugar de los instalados.", exists=True)
    ] = None,
    org: Annotated[str | None, typer.Option("--org", help="Organización; sin ella la del tópico.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Resultado en JSON.")] = False,
) -> None:
    """Dice qué se entiende de cada mensaje (o mapeo) de un conector de Salesforce; salida 0 sólo si se entiende todo."""
    from o2c.contracts import checker  # noqa: PLC0415 - intake's rules are for this command alone
    from services.intake.adapters.edge import organisations  # noqa: PLC0415

    console, (labels, mappings) = Console(highlight=False, soft_wrap=True, markup=False), organisations()
    if mapping is not None:
        found, wrong = checker.read_mapping(mapping)
        for problem in wrong:
            console.print(f"{mapping}: problema en {problem}")
        if found is None:
            raise typer.Exit(1)
        console.print(f"{mapping}: mapeo correcto de {found.org}.")
        mappings = [found]
    elif not files:
        raise typer.BadParameter("diga qué mensajes, o un mapeo con --mapping")
    reports = [checker.check(file, mappings, labels, org) for file in files or ()]
    if as_json:
        print(json.dumps([one.as_json() for one in reports], ensure_ascii=False, indent=1))
    else:
        for one in reports:
            console.print(f"{one.file}: {one.said}.")
            for site in one.sites:
                console.print(f"    sede {site}")
            for found_wrong in one.problems:
                console.print(f"    problema en {found_wrong['path']}: {found_wrong['why']} [{found_wrong['code']}]")
            for absent in one.missing:
                console.print(f"    falta o llama la atención en {absent['path']}: {absent['why']}")
    if not all(one.understood for one in reports):
        raise typer.Exit(1)


WHO: Final[dict[Role, str]] = {"fact": "rompe a quien lee el hecho", "command": "rompe a quien envía el comando"}


def say(console: Console, path: str, changes: list[Change]) -> None:
    """Each break with its schema, its path and its kind."""
    for one in changes:
        console.print(f"incompatible: {path} {one.path} [{one.kind}] {one.why}; {WHO[role_of(path)]}")
