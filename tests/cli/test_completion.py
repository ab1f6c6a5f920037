"""What a shell completes is what there is."""

import shutil
import subprocess

import pytest

CASES = [
    ("tejax ev", "evolve evaluate"),
    ("tejax evolve dig", "digits"),
    ("tejax evolve digits --tri", "--trits"),
    ("tejax evolve digits categorical --learning", "--learning-rate"),
    ("tejax evolve digits --learning", ""),
    ("tejax report runs/mine --ta", "--task"),
    ("tejax search runs/found --tri", "--trials"),
    ("tejax compare --o", "--out --operator"),
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the script is for bash")
@pytest.mark.parametrize(("line", "words"), CASES)
def test_bash_completes(command, line, words):
    code, script, _ = command("completion", "bash")
    assert code == 0
    asked = f'COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _tejax; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == words
    assert not done.stderr


def test_zsh_is_told_to_understand_it_and_others_are_refused(command):
    bash, zsh = (command("completion", shell)[1] for shell in ("bash", "zsh"))
    assert zsh.endswith(bash)
    assert zsh.startswith("autoload")
    code, _, err = command("completion", "fish")
    assert (code, err.count("\n")) == (2, 1)
