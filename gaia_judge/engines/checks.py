"""What is checked before a run: that the model can be loaded here, and that constraints are obeyed."""

import re
from collections.abc import Mapping

from gaia_judge.engines import Draws, Engine, Message, ModelSpec, Problem, Request, ask
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.installs import torch_mismatch, torchvision_cure, weights_problem

CHOICES = ("quartz", "zephyr")
"""Words that no model says unasked."""

CODE = re.compile(
    r"trust_remote_code|.*(_cls|class|plugin|processor|transfer_config|entrypoint).*", re.IGNORECASE
)
"""Engine arguments that name code to run."""

QUESTION = Message("user", "What is two plus two? Answer with a number.")


def load_problems(model: ModelSpec, have_gib: float, where: str) -> list[Problem]:
    """Return why a model cannot be loaded here: too little memory, no weights.

    Args:
        model: Its ``memory_gib`` counts 16-bit numbers; in main memory ``auto`` means 32-bit ones.
        have_gib: Free memory in GiB.
        where: ``GPU`` or ``main``.

    Raises:
        EngineError: torch and torchvision do not match, so that no model can be; the hint cures it.
    """
    if mismatch := torch_mismatch():
        raise EngineError(mismatch.detail, f"Run: {mismatch.cure}")
    need = (model.memory_gib or 0.0) * (2 if where == "main" and model.dtype in ("auto", "float32") else 1)
    found = []
    if have_gib < need:
        found.append(
            Problem(
                f"{model.model} needs {need:.1f} GiB of {where} memory; {have_gib:.1f} are free.",
                "a smaller judge: gaia-judge ls judges",
            )
        )
    if missing := weights_problem(model.model, model.revision):
        cure = f"hf download {model.model} (or where the hub can be reached, then --model FOLDER)"
        found.append(Problem(missing, cure))
    return found


def refuse_code(engine_args: Mapping[str, object], where: str) -> None:
    """Refuse engine arguments that name code to run; a file may come from anyone.

    Raises:
        GaiaJudgeError: There is one; on the command line it may be given.
    """
    if found := [name for name in engine_args if CODE.fullmatch(str(name))]:
        message = f"{where}: engine_args may not hold {found[0]}, which names code to run."
        raise GaiaJudgeError(message, f"Leave it out, or give --engine-arg {found[0]}=... yourself.")


def check_torchvision() -> None:
    """Import torchvision before anything else does, whose errors would not say what to do.

    Raises:
        EngineError: It was built for another torch, though its version fits; the hint cures it.
    """
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError, OSError) as error:  # "operator torchvision::nms does not exist"
        reason = str(error).partition("\n")[0].rstrip(".")
        raise EngineError(
            f"torchvision cannot be imported: {reason}.", f"Run: {torchvision_cure()}"
        ) from error


def check_constraint(engine: Engine, name: str) -> None:
    """Ask a question whose answer is constrained to words that do not answer it.

    Raises:
        EngineError: The answer left the choices: this engine ignores constraints, and its ratings could
            not be trusted to be on the scale.
    """
    (reply,) = ask(engine, [Request((QUESTION,), None, Draws(CHOICES, 1, temperature=0.0))])
    if not set(reply.draws) & set(CHOICES):
        raise EngineError(
            f"{name} ignored a constrained choice ({reply.error or reply.text or reply.draws}).",
            "Update it: ratings need structured outputs.",
        )
