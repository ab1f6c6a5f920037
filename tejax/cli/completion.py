"""`tejax completion`: what a shell may complete, as a script for bash or zsh.

tyro completes one command with its parts already named; here the words of a line decide: each part that is named on it
brings its options.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tyro.conf import Positional

from tejax.cli.parts import KINDS, offered, typed
from tejax.options import notes, options_of

__all__ = ["completion_script"]

ZSH = "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n"  # zsh then takes bash's words
BARE = 99  # words that a command skips before it looks for names of parts, where it takes none bare
SCRIPT = """_tejax_words() {{
  case "$1" in
{cases}
  esac
}}
_tejax() {{
  local word words="" current="${{COMP_WORDS[COMP_CWORD]}}"
  if [ "$COMP_CWORD" -eq 1 ]; then words="{commands}"; fi
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do words="$words $(_tejax_words "$word")"; done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _tejax tejax
"""


def completion_script(commands: Mapping[str, Any], shell: str) -> str:
    """The script that a shell reads at its start.

    Args:
        commands: name -> what is needed to parse it, the table of commands.py.
        shell: bash, or zsh, which is told to understand bash's script.
    """
    words = {name: _command_words(command) for name, command in commands.items()}
    for kind in KINDS:
        words |= {name.replace("_", "-"): _flags(typed(kind, name)) for name in offered(kind)}
    cases = "\n".join(f'    {name}) echo "{" ".join(each)}" ;;' for name, each in words.items() if each)
    return (ZSH if shell == "zsh" else "") + SCRIPT.format(cases=cases, commands=" ".join(commands))


def _command_words(command: Any) -> list[str]:
    """The options of a command, and the names of the parts that it takes."""
    options = [option for cls in command.groups.values() for option in options_of(cls).values()]
    for name, option in options_of(command.run).items():
        if dataclasses.is_dataclass(option.plain) and name not in command.groups:
            options += options_of(option.plain).values()
        elif name not in (*KINDS, *command.groups):
            options.append(option)
    named = [name.replace("_", "-") for kind in command.kinds for name in offered(kind)]
    parts = named if command.skip < BARE else [f"--{kind}" for kind in command.kinds]
    return [*parts, *_flags(option.name for option in options if Positional not in notes(option.hint)), "--help"]


def _flags(names: Iterable[str]) -> list[str]:
    return [f"--{name.replace('_', '-')}" for name in names]
