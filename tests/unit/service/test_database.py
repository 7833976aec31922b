"""Migrations make the models' tables, and transactions keep their promises."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.service.database.engine import migrate, open_database, sqlite_url
from vodseal.service.database.models import (
    Base,
    LicenseRow,
    Setting,
    Stream,
    TranscodeTask,
    Upload,
    Video,
)


@pytest.fixture
def url(tmp_path):
    url = sqlite_url(tmp_path / "service.db")
    migrate(url)
    return url


def test_the_migrations_sum_to_the_models(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_missing_column_would_be_found(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE apps DROP COLUMN opening"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()


def test_migrating_twice_changes_nothing(url):
    migrate(url)
    migrate(url)


def test_a_later_schema_is_refused(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(OperatorError) as caught:
        migrate(url)
    assert caught.value.code == ErrorCode.DATA_FOLDER_NEWER


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_can_be_made_on_postgresql(table):
    assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def video(number: int) -> Video:
    return Video(
        id=f"{number:032x}",
        title="t",
        file_name="f.mp4",
        template_group_id="clear",
        status="Uploading",
        created_at=1.0,
        modified_at=1.0,
        object_key=f"sv/{number}",
    )


def with_database(url, work):
    async def main():
        database = open_database(url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(main())


def test_writers_wait_for_each_other(url):
    async def count_up(database):
        async with database.writes.begin() as session:
            row = await session.get(Setting, "n")
            await asyncio.sleep(0)
            row.value = str(int(row.value) + 1)

    async def work(database):
        async with database.writes.begin() as session:
            session.add(Setting(name="n", value="0", modified_at=1.0))
        await asyncio.gather(*(count_up(database) for _ in range(25)))
        async with database.reads.begin() as session:
            return (await session.get(Setting, "n")).value

    assert with_database(url, work) == "25"


def test_a_reader_does_not_wait_and_cannot_write(url):
    async def work(database):
        async with database.writes.begin() as writer:
            writer.add(video(1))
            await writer.flush()
            async with database.reads.begin() as reader:
                assert await reader.scalar(select(func.count()).select_from(Video)) == 0
        async with database.reads() as reader:
            reader.add(video(2))
            with pytest.raises(DBAPIError):
                await reader.flush()
            await reader.rollback()

    with_database(url, work)


def test_a_video_takes_everything_with_it_but_its_licenses(url):
    async def work(database):
        async with database.writes.begin() as session:
            session.add(video(1))
            await session.flush()
            owner = {"video_id": f"{1:032x}"}
            session.add(Upload(id="u", created_at=1.0, **owner))
            session.add(TranscodeTask(id="t", template_group_id="clear", created_at=1.0, **owner))
            session.add(
                Stream(
                    id="s",
                    position=0,
                    format="mp4",
                    definition="HD",
                    stream_type="video",
                    entry_key="k",
                    size=1,
                    duration=1.0,
                    created_at=1.0,
                    modified_at=1.0,
                    **owner,
                )
            )
            session.add(
                LicenseRow(
                    download_id="d",
                    device_id="e",
                    job_id="s",
                    track=0,
                    app_serial="a",
                    sequence=1,
                    key_blob=b"",
                    issued_at=1.0,
                    **owner,
                )
            )
        async with database.writes.begin() as session:
            await session.delete(await session.get(Video, f"{1:032x}"))
        async with database.reads.begin() as session:
            counts = [
                await session.scalar(select(func.count()).select_from(table))
                for table in (Upload, TranscodeTask, Stream, LicenseRow)
            ]
        assert counts == [0, 0, 0, 1]

    with_database(url, work)


def test_two_streams_cannot_have_one_position(url):
    def stream(name):
        return Stream(
            id=name,
            video_id=f"{1:032x}",
            position=0,
            format="mp4",
            definition="HD",
            stream_type="video",
            entry_key="k",
            size=1,
            duration=1.0,
            created_at=1.0,
            modified_at=1.0,
        )

    async def work(database):
        async with database.writes() as session:
            session.add(video(1))
            await session.flush()
            session.add_all([stream("a"), stream("b")])
            with pytest.raises(DBAPIError) as caught:
                await session.flush()
            await session.rollback()
        return str(caught.value)

    message = with_database(url, work)
    assert "UNIQUE" in message
    assert "hide_parameters" in message  # what users sent stays out of logs
