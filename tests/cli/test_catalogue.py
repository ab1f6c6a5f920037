import json

from tejax.cli import parts


def test_list_names_all_parts_with_a_line_each(command):
    code, out, _ = command("list")
    assert code == 0
    for kind in parts.KINDS:
        for name in parts.offered(kind):
            assert f"  {name.replace('_', '-')} " in out


def test_list_is_one_object_for_scripts(command):
    code, out, _ = command("list", "--json")
    answer = json.loads(out)
    assert code == 0
    assert list(answer) == ["tasks", "networks", "strategies", "environments"]
    assert answer["strategies"]["genetic"].startswith("A genetic algorithm")
    assert all(line for kind in answer.values() for line in kind.values())
    assert "list" in command("--help")[1]
