"""What `grammar` knows of English: small closed lists of words, as data.

They hold what stands around a verb in an instruction. The verbs themselves belong to the stages.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in text.split(", "))


# --- before the verb of an instruction

FILLERS = _words(
    "please kindly first second third last next now later afterwards afterward also again additionally just only "
    "still always instead rather then so and todo wip optional meanwhile"
)
PRONOUNS = _words("we you i they let's")
# After a pronoun, or alone in an elliptical sentence ("Must validate the input").
MODALS = _words("should must will shall can could would may might need")
BARE_MODALS = _words("should must")
# Phrases after which the instruction's verb follows.
PHRASES = _phrases(
    "first of all, let us, let me, go and, go ahead and, try and, try to, attempt to, proceed to, continue to, "
    "start to, begin to, start by, begin by, be sure to, make sure to, make sure you, make sure that you, make "
    "sure we, remember to, take care to, need to, needs to, have to, has to, had to, ought to, going to, time to, "
    "do not forget to, don't forget to, never forget to, can you, could you, would you, will you, you'll, we'll, "
    "your task is to, your job is to, the task is to, the goal is to, the aim is to, our goal is to, the next "
    "step is to, the first step is to, next step is to, task is to, goal is to"
)
# Before a gerund only: "start writing the parser".
ASPECTS = _words("start begin continue finish complete keep resume")
NEGATIONS = _phrases(
    "do not, don't, dont, not, never, avoid, refrain from, must not, mustn't, should not, shouldn't, cannot, can not, "
    "can't, will not, won't, make sure not to, be sure not to, take care not to, no longer"
)
# A word for a place in a list, before its number: "Step 3 Create ...".
UNITS = _words("step task subtask phase part milestone item story epic ticket issue sprint day week stage todo")
# Adjectives in -ly, and words that only end so: what follows them is a noun, or they are no adverbs at all.
NOT_ADVERBS = _words(
    "daily weekly monthly yearly hourly nightly quarterly friendly likely lonely costly early only assembly family "
    "anomaly reply supply apply comply rely multiply imply ally monopoly readonly"
)
# Words that open a clause in which the instruction does not stand: it comes after the comma.
SUBORDINATORS = _words(
    "in on at for with within inside under over from by to using via per after before when whenever while once if "
    "unless until since because as given based during following through throughout across between without instead "
    "rather depending assuming upon where due according regarding about like unlike alongside against"
)

# --- after it

# What an object begins with: after one of these words' predecessors no doubt is left that it was a verb.
OBJECT_SIGNS = _words(
    "the a an all any each every this that these those it its them their our your my his her us me some no both "
    "whether if how what which who why when where everything anything nothing existing new"
)
# After one of these, what stood before was the subject of a sentence, not its verb.
AUXILIARIES = _words(
    "is are was were isn't aren't be been has have had should must will would shall can could may might does did "
    "doesn't passes fails works succeeds needs by"
)
# Within a clause, these begin a part in which a verb is no instruction of the plan's.
MARKERS = _words("that which who whose where when so because while lets allows letting allowing can will should must")

# --- verbs that are nouns too

# Only what follows shows which they are: "tests the parser", "tests for the parser".
NOUNISH = _words(
    "access audit backup benchmark branch bump build cache call change check commit debug deploy design display "
    "document drop edit estimate export extract file filter fix format handle hook import index install issue label "
    "link lint list load log map merge model monitor move patch plan port process profile program push query read "
    "register release repair replace report request research review rollback sample scan schedule search show sort "
    "start step stop store study support sync tag test trace track train transfer update upgrade use view visit wire "
    "write"
)
# Of those, the ones that are verbs before "for": "search for callers". "Fix for the crash" is a noun.
VERBS_WITH_FOR = _words("check search scan")
# A verb and a noun that together name a thing: "test suite", "search bar". As instructions they would need an article.
COMPOUNDS: dict[str, frozenset[str]] = {
    "build": _words("artifact artifacts failure failures error errors number status matrix time times"),
    "bump": _words("allocator map"),
    "change": _words("log logs history request requests sets management detection tracking"),
    "check": _words("list lists box boxes mark"),
    "confirm": _words("dialog modal button"),
    "correct": _words("handling behaviour behavior usage order use values output"),
    "debug": _words("mode menu info symbols build builds level flag logging"),
    "design": _words("system doc docs document documents spec specs token tokens pattern patterns decisions review"),
    "document": _words("upload uploads store storage management viewer type types list search processing model"),
    "drop": _words("zone zones shadow shadows"),
    "edit": _words("button buttons mode dialog modal icon form page screen view distance functionality permission"),
    "export": _words("button format formats feature functionality"),
    "fix": _words("version versions"),
    "import": _words("button statement statements order path paths"),
    "install": _words("script scripts guide instructions page prompt"),
    "move": _words("semantics constructor constructors"),
    "plan": _words("file files document review"),
    "port": _words("number numbers range forwarding mapping mappings"),
    "read": _words(
        "model models replica replicas access path paths permission permissions operation operations and or"
    ),
    "register": _words("page form screen button"),
    "remove": _words("button"),
    "repair": _words("kit loop"),
    "research": _words("findings notes"),
    "review": _words("comment comments board process"),
    "run": _words("time book"),
    "search": _words(
        "bar box page pages result results index indexes engine field form functionality feature filter filters "
        "component history query queries endpoint endpoints input icon suggestion suggestions term terms api service "
        "and or"
    ),
    "study": _words("guide plan material"),
    "support": _words("page ticket tickets team"),
    "test": _words(
        "suite suites coverage case cases harness runner runners fixture fixtures framework infrastructure plan plans "
        "report reports result results double doubles matrix bed data environment strategy"
    ),
    "update": _words("mechanism notification notifications frequency statement"),
    "upgrade": _words("path guide"),
    "wire": _words("format formats protocol transfer"),
    "write": _words(
        "access lock locks path paths permission permissions operation operations throughput amplification"
    ),
}
# The same for forms in -ing.
GERUND_HEADS = _words(
    "strategy framework guide guidelines block blocks list environment infrastructure phase process standards style "
    "checklist room material committee session sessions"
)
# Verbs that no built-in stage lists, and that open instructions all the same: after one of them, "and" or a comma
# may join the verb that decides ("Open the settings and change the title").
OTHER_VERBS = _words(
    "activate adopt agree align allocate allow amend annotate announce append archive arrange ask assemble assign "
    "attach audit author back backfill benchmark bootstrap branch bring build cache call cancel capture catch "
    "center centralize centre change clean clear click clone close collect combine commit compare compile "
    "complete compose compute connect consolidate copy cover cut declare decouple deploy describe detect "
    "determine develop download draft draw drive embed encapsulate establish estimate evaluate export fetch fill "
    "filter finalize finish flip follow fork format generate get go grant group hook import index initialise "
    "initialize inject insert instrument invoke isolate keep launch leave link lint list listen load lock log "
    "login lower make manage map mark measure merge minimize mirror mock monitor mount navigate normalize notify "
    "offload open order organise organize outline package parse paste pause persist pick pin place point polish "
    "populate post prepare preserve print profile propagate prototype provide provision prune publish pull purge "
    "push put query queue raise randomize rebase record redeploy redirect reduce refresh release reload renumber "
    "reorder report request reserve reset respond restart restore restructure retry return reuse revert rework "
    "roll rollback rotate round sanitize save scaffold scale schedule secure seed select send serialize serve set "
    "setup share ship show sign sketch sort spawn specify split squash stage standardize start stop store strip "
    "stub submit subscribe substitute summarize swap switch sync tag take tell throw tidy toggle trace track "
    "train transfer transform translate trigger trim tune turn unify unlock unwrap upload use visit wait warn "
    "wrap"
)
