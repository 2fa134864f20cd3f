"""Records: the tables of study.db."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

VERSION = 1
"""Of these tables."""

metadata = MetaData()

settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
)
"""``version``, ``study`` (the whole file), ``key`` (for signatures) and, where a judge draws, ``draw``."""

videos = Table(
    "videos",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),  # as ``read_videos`` has it
    Column("public", String, nullable=False, unique=True),  # random: the only name that a browser sees
    Column("role", String, nullable=False),  # rated, training
    Column("action", String, nullable=False),
    Column("prompt", String, nullable=False),
    Column("generator", String, nullable=False),
    Column("category", String, nullable=False),
    Column("subset", String, nullable=False),
    Column("original", String, nullable=False),
    Column("original_sha256", String, nullable=False),
    Column("clip", String, nullable=False),  # below the study's folder
    Column("clip_sha256", String, nullable=False),
    Column("transcoded", Boolean, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("ticket", Float, nullable=False),  # uniform in [0, 1), for life: asked about where < probability
    Column("probability", Float, nullable=False, default=1.0),
    Column("uncertainty", Float),
    Column("votes", Integer, nullable=False, default=0),  # ratings but no repeats
)

raters = Table(
    "raters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),  # random: the only name in exports
    Column("token_digest", String, nullable=False, unique=True),
    Column("seed", Integer, nullable=False),
    Column("consented", Boolean, nullable=False, default=False),
    Column("background", JSON),
    Column("pauses", Integer, nullable=False, default=0),  # breaks that are over
)

showings = Table(
    "showings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("public", String, nullable=False, unique=True),
    Column("rater", ForeignKey("raters.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("video", ForeignKey("videos.id"), nullable=False),
    Column("role", String, nullable=False),  # training, rating, repeat, check
    Column("repeat", Integer, nullable=False),  # 0, of repeats 1
    Column("target", Float),  # what a check tells the rater to answer
    Column("probability", Float, nullable=False),
    Column("made", Float, nullable=False),  # seconds since the epoch, as the next three
    Column("first_shown", Float, nullable=False),
    Column("last_shown", Float, nullable=False),
    Column("answered", Float),
    Column(
        "left", Boolean, nullable=False, default=False
    ),  # the page with an example's answers, or a clip that did not play
    UniqueConstraint("rater", "position"),
    Index("showings_by_video", "video"),
    # Those that are being rated are few among all that ever were.
    Index("showings_open", "made", sqlite_where=text("answered IS NULL")),
)
"""A clip on a rater's way; each can be answered once."""

votes = Table(
    "votes",
    metadata,
    Column("showing", ForeignKey("showings.id"), primary_key=True),
    Column("dimension", String, primary_key=True),
    Column("score", Float, nullable=False),
)
