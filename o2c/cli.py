"""The command line `o2c`: the stack, orders, dead letters, contracts. Words on screen are Spanish."""

import typer

from o2c.commands import contracts, db, demo, dev, dlq, mail, order, topics, verify

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Entrega de órdenes B2B.")
app.command("demo")(demo.demo)
app.command("dev")(dev.dev)
app.command("token")(dev.token)
app.command("verify")(verify.command)
app.add_typer(dev.sandbox, name="sandbox")
app.add_typer(order.app, name="order")
app.add_typer(dlq.app, name="dlq")
app.add_typer(db.app, name="db")
app.add_typer(topics.app, name="topics")
app.add_typer(mail.app, name="mail")
app.add_typer(contracts.app, name="contracts")


def main() -> None:
    """Runs the command line."""
    app()
