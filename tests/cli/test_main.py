import subprocess
import sys

import pytest
from cyclopts import App

import lingseg
from lingseg.cli import main, predict


def test_the_version_is_printed(capsys):
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == lingseg.__version__


def test_help_says_what_it_is_for_and_what_not(capsys):
    assert main.run(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Research use only; not a medical device." in shown
    assert "predict" in shown


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["predikt"], "lingseg: There is no command 'predikt'. Did you mean predict?"),
        (["zzz"], "lingseg: There is no command 'zzz'. Expected one of demo, predict,"),
        (["datasets", "lst"], "lingseg: There is no command 'lst'. Did you mean list?"),
        (["predict", "--frobnicate"], "lingseg: Unknown option: --frobnicate."),
        (["predict", "a.png", "--threshold", "much"], "lingseg: Invalid value for --threshold"),
    ],
)
def test_a_wrong_call_is_one_line_and_code_2(arguments, line, capsys):
    assert main.run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(line)
    assert shown.err.count("\n") == 1


def failing(error: BaseException) -> App:
    """Return a command line whose only verb fails."""
    app = App(exit_on_error=False, print_error=False)

    @app.command
    def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("Two\nlines."), "lingseg: Two lines.\n"),
        (FileNotFoundError("Not there. Look again."), "lingseg: Not there. Look again.\n"),
        (
            OSError(28, "whatever the system says"),
            "lingseg: No space left on device. Free some space and run it again; "
            "what is done stays done.\n",
        ),
        (
            OSError(30, "", "/out/x.png"),
            "lingseg: Read-only file system (/out/x.png). Choose another folder.\n",
        ),
        (
            ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"),
            "lingseg: this needs torch, which is not installed. "
            "Run: pip install 'lingseg[train]'\n",
        ),
        (
            ModuleNotFoundError("No module named 'scipy'", name="scipy"),
            "lingseg: this needs scipy, which is not installed. "
            "Run: pip install 'lingseg[evaluate]'\n",
        ),
    ],
)
def test_what_went_wrong_is_one_line_and_code_2(error, line, capsys, monkeypatch):
    monkeypatch.setattr(main, "app", failing(error))
    assert main.run(["fail"]) == 2
    assert capsys.readouterr().err == line


def test_our_own_faults_are_not_hidden(monkeypatch):
    ours = ModuleNotFoundError("No module named 'lingseg.x'", name="lingseg.x")
    for error in (KeyError("x"), ours):
        monkeypatch.setattr(main, "app", failing(error))
        with pytest.raises(type(error)):
            main.run(["fail"])


def test_being_stopped_is_said_without_a_traceback(capsys, monkeypatch):
    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(predict, "find_images", stop)
    assert main.run(["predict", "a.png", "-p", "left"]) == 130
    assert capsys.readouterr().err == "lingseg: stopped\n"


def test_a_lazy_command_without_torch_says_what_to_install(monkeypatch, capsys):
    app = App(exit_on_error=False, print_error=False)
    app.command("lingseg_needs_torch:go", name="go")

    class NoTorch:
        def find_spec(self, name, *_rest):
            if name == "lingseg_needs_torch":
                raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(sys, "meta_path", [NoTorch(), *sys.meta_path])
    monkeypatch.setattr(main, "app", app)
    assert main.run(["go"]) == 2
    assert "this needs torch" in capsys.readouterr().err


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "lingseg", "nope"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("lingseg: There is no command 'nope'.")
