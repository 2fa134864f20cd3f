"""Documents: what CONTRIBUTING shows works as written, and the reference of commands is their own."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from gaia_judge.cards import load_card
from gaia_judge.cli import COMMANDS
from gaia_judge.judges import load_judge
from gaia_judge.prompts import load_prompt_set
from gaia_judge.videos import Video
from tests.clips import write_clip

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(heading, kind):
    """Return the first block of a kind under a heading."""
    part = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.search(rf"```{kind}\n(.*?)```", part, re.DOTALL)[1]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user's folder with the judge and the prompt set that CONTRIBUTING shows."""
    monkeypatch.chdir(tmp_path)
    for path, text in {
        "judges/mine.yaml": block("A judge", "yaml"),
        "prompts/mine/prompt.yaml": block("A prompt set", "yaml"),
        "prompts/mine/hands.j2": block("A prompt set", "jinja"),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_judge_is_found(own):
    card = load_card("mine")
    assert (card.name, card.model, card.engines) == ("mine", "org/my-checkpoint", ("vllm", "transformers"))


def test_the_engine_and_the_prompt_set_rate_a_clip(own):
    scope = {}
    exec(block("An engine", "python"), scope)
    engine = scope["Undecided"](None, None)
    clip = Video(id="clip", path=write_clip(own / "clip.mp4", frames=8, size=(96, 64)), action="clapping")
    with load_judge("mine", prompt="mine", engine=engine) as judge:
        assert "hands of someone who is clapping?" in judge.preview(clip)[1].text
        (row,) = judge.rate([clip]).to_pandas().to_dict("records")
    assert (row["dimension"], row["value"]) == ("hands", 3.0)
    assert load_prompt_set("mine").dimensions[0].name == "hands"


@pytest.mark.parametrize("file", ["CONTRIBUTING.md", "README.md"])
def test_the_metric_measures_a_clip(file, tmp_path):
    text = (ROOT / file).read_text(encoding="utf-8")
    code = next(one for one in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Brightness" in one)
    module = tmp_path / "brightnesses.py"
    module.write_text(code, encoding="utf-8")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from brightnesses import BRIGHTNESS\n"
        "from gaia_judge.baselines import load_battery\n"
        "from gaia_judge.videos import read_videos\n"
        "with load_battery([BRIGHTNESS]) as battery:\n"
        "    print(battery.rate(read_videos(sys.argv[2])).to_pandas()['value'].iloc[0])\n"
    )
    clip = write_clip(tmp_path / "clip.mp4", frames=8, size=(96, 64))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(clip)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < 255


def test_the_reference_of_commands_is_what_they_say_themselves():
    done = subprocess.run(
        [sys.executable, "-m", "gaia_judge.cli.manuals"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == done.stdout, "run make docs"
    for name in COMMANDS:
        assert f"\n## {name}\n" in done.stdout


def test_the_citation_can_be_read():
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert found["license"] == "Apache-2.0"
    assert found["title"].startswith("gaia-judge")


def links(text):
    """Return where links and images of Markdown or HTML lead, but for examples in code."""
    prose = re.sub(
        r"^(`{3,}|~{3,}).*?^\1|``.+?``|`[^`]*`|<!--.*?-->", "", text, flags=re.DOTALL | re.MULTILINE
    )
    inline = re.findall(r"\]\(\s*<?([^)\s>]+)", prose)
    named = re.findall(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", prose, re.MULTILINE)
    return inline + named + re.findall(r"<[^>]*\b(?:href|src|srcset)=[\"']([^\"'\s]+)", prose)


def anchors(text):
    """Return the anchors of headings as GitHub forms them, and those that HTML sets."""
    prose = re.sub(r"^(`{3,}|~{3,}).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}
    return made | set(re.findall(r"<[^>]*\b(?:id|name)=[\"']([^\"']+)", prose))


def test_links_are_found_in_every_form():
    text = "[a](b.md) ![c](<d.svg>) [e](f.md \"g\")\n[h]: i.md\n<img src='j.png'>\n"
    text += "`[k](l.md)`\n```\n[m](n.md)\n```\n"
    assert links(text) == ["b.md", "d.svg", "f.md", "i.md", "j.png"]
    assert anchors("# A judge's `x-y`\n```\n# no\n```\n") == {"a-judges-x-y"}


@pytest.mark.parametrize("file", DOCUMENTS)
def test_every_link_and_image_leads_somewhere_in_the_repository(file):
    page = ROOT / file
    broken = []
    for link in links(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z+.-]*:|//", link, re.IGNORECASE):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        inside = target.exists() and target.is_relative_to(ROOT.resolve())
        if not inside or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_every_module_stands_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((gaia_judge/[\w./]+)\)", text))
    modules = {
        f"gaia_judge/{path.name}"
        for path in (ROOT / "gaia_judge").iterdir()
        if not path.name.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").is_file())
    }
    assert modules == linked


@pytest.mark.slow
def test_the_tutorial_runs_as_written(tmp_path):
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (gaia-judge .*)$", text, re.MULTILINE)
    assert len(commands) > 10
    found = f'gaia-judge() {{ {sys.executable} -m gaia_judge.cli "$@"; }}\n'
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", found + command],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=600,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert "<svg" in (tmp_path / "report.html").read_text(encoding="utf-8")
