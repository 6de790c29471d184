"""What each command of the monitor does with wrong arguments, and the codes that it leaves with."""

import argparse

FINE, WARNING, CRITICAL, CANNOT_MEASURE = 0, 1, 2, 3


class Parser(argparse.ArgumentParser):
    """argparse's own exit code for wrong arguments is the one for a critical state here."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong, and leave with the code of what cannot be measured."""
        self.exit(CANNOT_MEASURE, f"{message}\npython3 {self.prog} --help shows what there is.\n")
