"""The command `formwright`. Each command lives in a module of its own, imported when it is used."""

from __future__ import annotations

import importlib
import sys

import click

from cli.printing import asked_locale, print_problems
from cli.site_option import site_option
from engine.problems import Refusal
from engine.tracing import traced

COMMANDS = {
    "check": ("cli.check:check", "Load the layers and print every problem."),
    "explain": ("cli.explain:explain", "Show a merged definition and who set each value."),
    "plan": ("cli.plan:plan", "Show what applying the layers would change."),
    "apply": ("cli.apply:apply", "Bring the database to what the layers define."),
    "pull": ("cli.pull:pull", "Write what was made in the browser into files."),
    "test": ("cli.test:test", "Run the scenarios, each on a scratch database."),
    "import": ("cli.import_:import_", "Read records from a CSV or XLSX file."),
    "export": ("cli.export:export", "Write records to CSV, XLSX or JSON."),
    "change": ("cli.change:change", "Change many records at once."),
    "duplicates": ("cli.duplicates:duplicates", "Look for duplicates in what is there already."),
    "standardise": ("cli.standardise:standardise", "Write a field's values in one way."),
    "undo": ("cli.undo:undo", "Take a whole import or bulk change back."),
    "hand-over": ("cli.hand_over:hand_over", "Hand what a leaver owns over to others."),
    "jobs": ("cli.jobs:jobs", "Long work and effects: list, show, pause, resume, cancel, retry."),
    "document": ("cli.document:document", "Print a record as a PDF document."),
    "sites": ("cli.sites:sites", "List the sites of this installation."),
    "serve": ("cli.serve:serve", "Serve the web application."),
    "worker": ("cli.worker:worker", "Carry out what must happen later."),
    "scheduler": ("cli.scheduler:scheduler", "Fire timers and schedules, and keep house."),
    "user": ("cli.user:user", "Accounts: add, password, roles, key."),
    "verify": ("cli.verify:verify_command", "Compute what is stored of other values anew."),
    "audit": ("cli.audit:audit", "What was done and seen: verify it, show it."),
    "why": ("cli.why:why", "Say why somebody may or may not do something."),
    "who": ("cli.who:who", "List who may see or change one record, and by what."),
    "init": ("cli.init:init", "Make the folder of a new client project."),
    "demo": ("cli.demo:demo", "Build a demonstration company and serve it here."),
    "keys": ("cli.keys:keys", "Encryption keys for secrets: make one, seal anew."),
    "prune": ("cli.prune:prune", "List what is parked, and drop what is named for good."),
    "rollback": ("cli.rollback:rollback", "Go back to an earlier revision, with its data."),
    "revisions": ("cli.revisions:revisions", "List what was applied, when and by whom."),
}
"""Every command: where it is, and what `--help` says of it without importing it."""


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, so that `--help` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command under a trace; what it refuses is printed, and the exit status is 1."""
        try:
            with traced():
                return super().invoke(ctx)
        except Refusal as refusal:
            print_problems(refusal.problems, asked_locale(ctx), err=True)
            ctx.exit(1)
        except Exception as error:
            from cli.behind import problem_of  # loads SQLAlchemy

            problem = problem_of(error)
            if problem is None:
                raise
            print_problems([problem], asked_locale(ctx), err=True)
            ctx.exit(1)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="formwright", message="%(prog)s %(version)s")
@click.option("--site", metavar="NAME", callback=site_option,
              help="Work on this one of several sites.")  # fmt: skip
def main(site: str | None) -> None:
    """Formwright turns a folder of YAML into a running business application."""


if __name__ == "__main__":
    sys.exit(main(prog_name="formwright"))
