"""The stage `plan`: a question is put to a person, whose answer goes on record. It never changes the plan."""

from __future__ import annotations

from attrs import frozen

from mission_fsm.stage import Answer, AskQuestion, Completed, Outcome, Stage, StageContext, option


@frozen
class Question:
    """What is asked."""

    question: str | None = option("What to ask; the step's description if it is left out.", default=None)
    choices: tuple[str, ...] = option("The answers to choose from; any answer will do if there are none.", default=())


class Plan(Stage):
    """Asks a person to decide."""

    name = "plan"
    words = ("design", "plan", "clarify", "decide", "discuss", "choose")
    options = Question

    def run(self, context: StageContext) -> Outcome:
        options: Question = context.options
        if isinstance(context.reply, Answer):
            answer = context.reply
            return Completed(answer.text, {"answer": answer.text, "by": answer.by})
        return AskQuestion(options.question or context.step.description, options.choices)
