"""What goes wrong in a way that the reader can mend is one sentence and an exit code."""

USAGE = 2


class Complaint(Exception):
    """Ends the verb: `sentence` goes to stderr, `code` to the shell (2: the command itself was wrong)."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
