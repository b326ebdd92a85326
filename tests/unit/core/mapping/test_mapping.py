"""Which stage a description maps to: task lists as people write them, and what holds for all of them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.mapping import Mapped, Table, english, map_description
from mission_fsm.core.mapping.inflection import forms
from mission_fsm.errors import PluginError

WORDS = {
    "retrieve": (
        "analyze analyse gather research review read find search locate inspect investigate explore identify examine "
        "study understand"
    ),
    "edit": (
        "implement create write modify edit change add update integrate document build install wire configure register "
        "migrate enhance remove refactor delete rename move replace extract convert upgrade introduce extend improve "
        "apply enable disable define expose adjust port simplify rewrite bump deprecate drop optimize handle support"
    ),
    "test": "test verify validate check run ensure confirm execute",
    "repair": "fix repair debug resolve troubleshoot correct",
    "plan": "design plan clarify decide discuss choose",
}
TABLE = Table.of((stage, verbs.split()) for stage, verbs in WORDS.items())

DESCRIPTIONS = """
# what the words of the specification map to
retrieve | Research where bytes2human rounds
retrieve | Analyze the call sites of the old client
retrieve | Gather the requirements from the issue
retrieve | Review the error handling in the parser
retrieve | Read src/config.py and note how defaults are merged
edit     | Modify bytes2human so that exact powers roll over
edit     | Implement the new tokenizer
edit     | Create a settings page
edit     | Write the migration guide
edit     | Edit the header template
edit     | Change the default timeout to 30 seconds
test     | Run the string tests
test     | Verify that the edit was made
test     | Validate the schema against the examples
test     | Check that no warning is printed
test     | Test the login flow end to end
repair   | Fix the failing import
repair   | Repair the broken index
repair   | Debug the flaky upload
repair   | Resolve the merge conflict in setup.cfg
plan     | Design the cache invalidation
plan     | Plan the rollout with the team
plan     | Clarify what happens on a second login

# verbs that plans use every day
edit     | Add a --dry-run flag to the importer
edit     | Update dependencies to their latest minor versions
edit     | Document the public API
edit     | Build the search index page
edit     | Integrate the payment provider
edit     | Install ruff and a pre-commit hook
edit     | Wire the new store into the engine
edit     | Configure CI for Python 3.13
edit     | Register the blueprint in app.py
edit     | Migrate the user table to UUID keys
edit     | Enhance the progress output
edit     | Remove the deprecated endpoint
edit     | Refactor session handling into its own module
edit     | Rename `get_user` to `load_user`
edit     | Move helpers out of views.py
edit     | Extract the retry policy
edit     | Handle empty input
edit     | Support Windows line endings
edit     | Bump version to 2.4.0
edit     | Drop Python 3.8
edit     | Port the scheduler to asyncio
edit     | Enable strict mode in mypy
test     | Ensure the coverage stays above 90 %
test     | Confirm the page renders without JavaScript
test     | Execute the smoke tests against staging
retrieve | Find all usages of the legacy logger
retrieve | Search the code base for TODO comments
retrieve | Locate the function that parses durations
retrieve | Investigate why the build takes ten minutes
retrieve | Identify duplicated helpers
retrieve | Understand the plugin loading order
plan     | Decide between SQLite and PostgreSQL
plan     | Choose a name for the package
plan     | Discuss the breaking change
repair   | Troubleshoot the container that keeps restarting
repair   | Correct the typo in the title

# a verb decides, not the nouns around it
edit     | Create an email verification page
edit     | Write unit tests for the parser
edit     | Add tests for the review form
edit     | Write a plan for the migration
edit     | Implement search and read models
edit     | Add design tokens and fix names
edit     | Update the test plan
edit     | Improve the check command
edit     | Create a build script that runs and tests everything
edit     | Add validation, verification and debug output
test     | Run the edit tests
test     | Verify the changes in the design document
test     | Check the fix
test     | Test adding, editing and removing of users
retrieve | Review the test plan
retrieve | Find the code that creates and updates sessions
repair   | Fix the test runner
repair   | Fix tests
plan     | Design the test strategy
plan     | Plan the review

# inflections
edit     | Creating the page
edit     | Created the page
edit     | Creates the page
edit     | Adding a migration for the new column
edit     | Adds lots of tests, some of them slow
edit     | Wrote the release notes
edit     | Written the first draft of the guide
edit     | Built the container image
test     | Testing the login flow
test     | Verified that the totals match
test     | Running the linters
test     | Tests the importer
retrieve | Finding every caller
retrieve | Found the reason for the slow start
repair   | Fixing flaky tests
repair   | Debugged the parser
plan     | Planning the next release
plan     | Decided on the storage format

# list markers, numbers, checkboxes, tickets, brackets, emphasis
edit     | - Create the page
edit     | * Create the page
edit     | 1. Create the page
edit     | 2) Create the page
edit     | 1.2.3 Create the page
edit     | a) Create the page
edit     | - [ ] Create the page
edit     | - [x] Create the page
edit     | T012 Create the page
edit     | T012 [P] [US1] Create the page
edit     | - [ ] T012 [P] [US1] Create the page in src/page.py
test     | V002 Run the acceptance suites
edit     | PROJ-123 Create the page
edit     | PROJ-123: Create the page
edit     | [PROJ-123] Create the page
edit     | #42 Create the page
edit     | Step 3: Create the page
edit     | Step 3 Create the page
edit     | Task 2.1 - Create the page
edit     | (optional) Create the page
edit     | **Create** the page
edit     | **T1**: Create the page
edit     | **Backend**: create the page
edit     | \u2705 Create the page
edit     | TODO: create the page
edit     | TODO create the page

# what may stand before the verb
edit     | Please create the page
edit     | please, create the page
retrieve | First, read the config. Then change it.
edit     | Then create the page
edit     | Next, add the route
test     | Finally run all tests
retrieve | Carefully review the diff
test     | Thoroughly test the importer
edit     | Now update the README
edit     | Also add a changelog entry
edit     | We should refactor the store
edit     | We need to add an index
test     | You must verify the checksum
test     | You should run the tests
edit     | We'll rewrite the scheduler
edit     | Let's add a cache
edit     | Let us build the image
test     | Must validate the input
retrieve | Go and find the bug
edit     | Make sure to update the docs
edit     | Don't forget to update the changelog
edit     | Do not forget to update the changelog
retrieve | Start by reading the specification
edit     | Start writing the parser
edit     | Could you please add a page?
test     | Can you check the totals?
edit     | The next step is to create the schema
test     | Re-run the tests
test     | Double-check the totals

# labels
edit     | Backend: add an endpoint
edit     | Backend - add an endpoint
edit     | Backend \u2014 add an endpoint
edit     | Tests: add unit tests for the parser
edit     | test: add unit tests for the parser
edit     | Unit tests: write them for the parser
edit     | src/app.py: drop the old import
edit     | `app/main.py`: drop Jinja2Templates
edit     | feat(auth): add login
edit     | RED: extend `tests/test_contracts.py` with assertions
edit     | Desktop: add the results page
edit     | Deploy: build and push the image
test     | Verify: the page loads
repair   | Fix: crash on startup
plan     | Design: minimal approach and key decisions
edit     | Users: create, edit, delete

# when, where and why come first
test     | After merging, run the tests
test     | After the migration, verify the row counts
edit     | In src/app.py, add a health route
edit     | For each module, write a docstring
edit     | Using pytest, write tests for the parser
repair   | If the tests fail, fix them
edit     | When the cache is cold, add a warm-up
edit     | To fix the bug, update the parser
edit     | Instead of editing the view, create a template
edit     | Rather than editing the view, create a template
edit     | First of all, create a template
edit     | Without changing the API, replace the store
test     | On `/billing`, verify that the button is visible
test     | To verify the totals
test     | Before the release, carefully check the licence

# joined clauses
edit     | Open the settings page and update the title
edit     | Go to the settings and change the theme
edit     | Scaffold the app, install the dependencies
test     | Set up the database and run the migrations
test     | Deploy to staging, then verify the health endpoint
test     | Wrap the calls in a transaction; verify a failure rolls back
test     | Click the button and verify it posts to the server
edit     | Review-ready draft exists. Add the missing sections.
retrieve | Collect and analyze the feedback

# negations
test     | Do not change X; verify Y
test     | Don't touch the tests. Run them.
retrieve | Don't modify the API, just review it
test     | Do not edit anything, only run the linter
edit     | Never delete rows, but update their status
none     | Do not change the public API
none     | Never validate a signal against its own data
none     | Avoid changing the schema
none     | Do not edit, change, or delete the fixtures

# nouns, and what no stage lists
none     | Unit tests for the parser
none     | Tests for the parser
none     | Documentation for the API
none     | Documentation updates in docs/
none     | The test suite
none     | Test suite for the importer
none     | Test coverage of the parser
none     | Email verification
none     | A design for the login page
none     | Design for the login page
none     | Fix for the crash on startup
none     | Review of the error handling
none     | Code review
none     | Search bar with autocomplete
none     | Search and filter functionality
none     | Edit button on the profile
none     | Read replicas for reports
none     | Write access for editors
none     | Build artifacts are uploaded
none     | Tests pass on all platforms
none     | All tests pass
none     | Changes to the API
none     | Support for dark mode
none     | Testing strategy
none     | Building blocks of the interface
none     | Nightly build of the docs
none     | Contract test for PUT /api/quotes in tests/contract
none     | API for create and update operations
none     | Permissions: read, write, admin
none     | Read/write lock for the cache
none     | UTF-8 read support
none     | The edition is already out
none     | The latest address format
none     | Users can create and edit posts
none     | As a user, I want to edit my profile
none     | The page was created by the importer
none     | Database schema created
none     | Created by the importer
none     | Page where users search and edit the records
none     | Set up a script that finds and tests servers
none     | Should we edit or remove it?
none     | How do we read the configuration?
none     | Deploy the service
none     | Set up monitoring
none     | Generate the client
none     | README
none     | 42
none     | ...
none     | `read` returns None at the end of the file
none     | "Edit" button does nothing
"""
CASES = [
    tuple(part.strip() for part in line.split("|", 1))
    for line in DESCRIPTIONS.strip().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("stage", "description"), CASES)
def test_a_description_maps_to_the_stage_that_its_instruction_asks_for(stage: str, description: str) -> None:
    mapped = map_description(description, TABLE)
    assert (mapped.stage if mapped else "none") == stage


def test_the_table_of_descriptions_is_long_enough_to_mean_something() -> None:
    assert len(CASES) > 200


@pytest.mark.parametrize(
    ("description", "mapped"),
    [
        ("T1: Creating the page", Mapped("edit", "Creating", "create")),
        ("please RUN the tests", Mapped("test", "RUN", "run")),
        ("Re-running the tests", Mapped("test", "Re-running", "run")),
        ("Don\u2019t forget to review the diff", Mapped("retrieve", "review", "review")),
    ],
)
def test_the_word_that_decided_is_told_as_it_stands(description: str, mapped: Mapped) -> None:
    assert map_description(description, TABLE) == mapped


# --- the table


def test_two_stages_that_claim_one_word_are_told_with_the_word() -> None:
    with pytest.raises(PluginError, match="'edit' and 'deploy' both claim the word 'create'"):
        Table.of([("edit", ["create"]), ("deploy", ["ship", "create"])])


def test_two_stages_that_claim_one_form_of_different_verbs_are_told() -> None:
    with pytest.raises(PluginError, match=r"both claim the word 'found'.*'find' or 'found'"):
        Table.of([("retrieve", ["find"]), ("company", ["found"])])


def test_a_stage_may_claim_one_form_twice() -> None:
    table = Table.of([("retrieve", ["find", "found"])])
    assert map_description("Found a company", table) is not None


@pytest.mark.parametrize("word", ["", "set up", "Edit", "re-run", "pr\u00fcfen"])
def test_a_word_that_is_not_one_plain_verb_is_refused(word: str) -> None:
    with pytest.raises(PluginError, match="single verbs"):
        Table.of([("edit", [word])])


# --- what holds for every description


VERBS = sorted((stage, verb) for stage, verbs in WORDS.items() for verb in verbs.split())
TRAILING = st.sampled_from(
    ["in the parser", "on the settings page", "with the new schema", "from the old client", "under a legacy name"]
)


@pytest.mark.parametrize(("stage", "verb"), VERBS)
def test_every_form_of_every_listed_verb_at_the_start_maps_to_its_stage(stage: str, verb: str) -> None:
    for form in forms(verb):
        for description in (
            f"{form} the totals",
            f"{form.capitalize()} the totals",
            f"- [ ] {form.upper()} the totals",
        ):
            mapped = map_description(description, TABLE)
            assert mapped is not None, description
            assert (mapped.stage, mapped.verb) == (stage, verb), description


@given(st.sampled_from([case for case in CASES if case[0] != "none"]), st.lists(TRAILING, min_size=1, max_size=3))
def test_a_trailing_noun_phrase_never_changes_the_stage(case: tuple[str, str], trailing: list[str]) -> None:
    stage, description = case
    mapped = map_description(f"{description} {' '.join(trailing)}", TABLE)
    assert mapped is not None
    assert mapped.stage == stage


@given(st.sampled_from(CASES), st.sampled_from(["", "  ", "\t"]), st.sampled_from(["", " ", ".", "!", "\n"]))
def test_space_around_a_description_and_its_last_sign_do_not_matter(
    case: tuple[str, str], before: str, after: str
) -> None:
    mapped = map_description(before + case[1] + after, TABLE)
    assert (mapped.stage if mapped else "none") == case[0]


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    mapped = map_description(text, TABLE)
    assert mapped is None or (mapped.stage in WORDS and mapped.word in text)


LISTED = [verb for _, verb in VERBS]
AROUND = [
    *english.PRONOUNS,
    *english.MODALS,
    *english.SUBORDINATORS,
    *english.MARKERS,
    "the",
    "and",
    "then",
    "but",
    "to",
]
ODDMENTS = st.sampled_from([*LISTED, *AROUND, *",;:-()[].`\"'"])


@given(st.lists(ODDMENTS, max_size=25))
def test_no_jumble_of_words_and_signs_is_too_odd(parts: list[str]) -> None:
    text = " ".join(parts)
    mapped = map_description(text, TABLE)
    assert mapped == map_description(text, TABLE)
    assert mapped is None or mapped.word in text


@pytest.mark.parametrize(
    "part", [", ", "and ", "in, ", "a: ", "(", "`", "'", "do not ", "open, ", "[x ", "x/", "\n", ", just ", ", we "]
)
def test_a_very_long_description_is_mapped_quickly(part: str) -> None:
    began = time.perf_counter()
    map_description("open " + part * 10_000, TABLE)
    map_description("in " + part * 10_000, TABLE)
    assert time.perf_counter() - began < 2
