"""The command line `o2c`: the stack, orders, dead letters, rules, contracts. Words on screen are Spanish."""

import typer

from o2c.commands import contracts, demo, mail, verify

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Entrega de órdenes B2B.")
app.command("demo")(demo.demo)
app.command("verify")(verify.command)
app.add_typer(mail.app, name="mail")
app.add_typer(contracts.app, name="contracts")


def main() -> None:
    """Runs the command line."""
    app()
