"""What is wrong with the rules an operator wrote: one error, told as file, line and a Spanish sentence."""


class RuleError(Exception):
    """Rules that may not be used; `code` is stable, `where` is file:line, `sentence` says what to mend."""

    def __init__(self, sentence: str, where: str = "", code: str = "RULE_INVALID") -> None:
        super().__init__(f"{code} {where}: {sentence}" if where else f"{code}: {sentence}")
        self.sentence, self.where, self.code = sentence, where, code
