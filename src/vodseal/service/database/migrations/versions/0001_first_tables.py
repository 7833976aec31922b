"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_blob", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_keys")),
    )
    op.create_table(
        "apps",
        sa.Column("serial", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("opening", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_apps")),
    )
    op.create_index(op.f("ix_apps_fingerprint"), "apps", ["fingerprint"], unique=False)
    op.create_table(
        "licenses",
        sa.Column("download_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.String(length=32), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("track", sa.Integer(), nullable=False),
        sa.Column("app_serial", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("key_blob", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("download_id", "device_id", name=op.f("pk_licenses")),
    )
    op.create_index(op.f("ix_licenses_app_serial"), "licenses", ["app_serial"], unique=False)
    op.create_index(op.f("ix_licenses_video_id"), "licenses", ["video_id"], unique=False)
    op.create_index("ix_licenses_video_job", "licenses", ["video_id", "job_id"], unique=False)
    op.create_table(
        "service_keys",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("key_blob", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_service_keys")),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "videos",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("cate_id", sa.Integer(), nullable=True),
        sa.Column("cover_url", sa.Text(), nullable=False),
        sa.Column("user_data", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.String(length=64), nullable=True),
        sa.Column("template_group_id", sa.String(length=64), nullable=False),
        sa.Column("storage_location", sa.String(length=64), nullable=False),
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("media_type", sa.String(length=8), nullable=False),
        sa.Column("duration", sa.Double(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("modified_at", sa.Double(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("source_key_blob", sa.LargeBinary(), nullable=True),
        sa.Column("source_etag", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_videos")),
        sa.UniqueConstraint("object_key", name=op.f("uq_videos_object_key")),
        sa.UniqueConstraint("reference_id", name=op.f("uq_videos_reference_id")),
    )
    op.create_index(op.f("ix_videos_created_at"), "videos", ["created_at"], unique=False)
    op.create_index(op.f("ix_videos_status"), "videos", ["status"], unique=False)
    op.create_table(
        "streams",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("definition", sa.String(length=16), nullable=False),
        sa.Column("stream_type", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("encrypt_type", sa.String(length=32), nullable=True),
        sa.Column("key_blob", sa.LargeBinary(), nullable=True),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Double(), nullable=False),
        sa.Column("bitrate_kbps", sa.Double(), nullable=False),
        sa.Column("fps", sa.Double(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("codec_name", sa.String(length=16), nullable=False),
        sa.Column("bit_depth", sa.Integer(), nullable=False),
        sa.Column("specification", sa.String(length=32), nullable=False),
        sa.Column("digest_manifest", sa.LargeBinary(), nullable=True),
        sa.Column("digests", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("modified_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_streams_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
        sa.UniqueConstraint("video_id", "position", name=op.f("uq_streams_video_id")),
    )
    op.create_index(op.f("ix_streams_key_blob"), "streams", ["key_blob"], unique=False)
    op.create_index(op.f("ix_streams_video_id"), "streams", ["video_id"], unique=False)
    op.create_table(
        "transcode_tasks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.String(length=32), nullable=False),
        sa.Column("template_group_id", sa.String(length=64), nullable=False),
        sa.Column("trigger", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("completed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_id"],
            ["videos.id"],
            name=op.f("fk_transcode_tasks_video_id_videos"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcode_tasks")),
    )
    op.create_index(
        op.f("ix_transcode_tasks_created_at"), "transcode_tasks", ["created_at"], unique=False
    )
    op.create_index(op.f("ix_transcode_tasks_state"), "transcode_tasks", ["state"], unique=False)
    op.create_index(
        op.f("ix_transcode_tasks_video_id"), "transcode_tasks", ["video_id"], unique=False
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.String(length=32), nullable=False),
        sa.Column("key_blob", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_uploads_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_video_id"), "uploads", ["video_id"], unique=False)
    op.create_table(
        "transcode_jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.String(length=16), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("completed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["transcode_tasks.id"],
            name=op.f("fk_transcode_jobs_task_id_transcode_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcode_jobs")),
        sa.UniqueConstraint("task_id", "position", name=op.f("uq_transcode_jobs_task_id")),
    )
    op.create_index(op.f("ix_transcode_jobs_task_id"), "transcode_jobs", ["task_id"], unique=False)
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_name", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["uploads.id"],
            name=op.f("fk_upload_parts_upload_id_uploads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_upload_parts")),
    )


def downgrade() -> None:
    op.drop_table("upload_parts")
    op.drop_index(op.f("ix_transcode_jobs_task_id"), table_name="transcode_jobs")
    op.drop_table("transcode_jobs")
    op.drop_index(op.f("ix_uploads_video_id"), table_name="uploads")
    op.drop_table("uploads")
    op.drop_index(op.f("ix_transcode_tasks_video_id"), table_name="transcode_tasks")
    op.drop_index(op.f("ix_transcode_tasks_state"), table_name="transcode_tasks")
    op.drop_index(op.f("ix_transcode_tasks_created_at"), table_name="transcode_tasks")
    op.drop_table("transcode_tasks")
    op.drop_index(op.f("ix_streams_video_id"), table_name="streams")
    op.drop_index(op.f("ix_streams_key_blob"), table_name="streams")
    op.drop_table("streams")
    op.drop_index(op.f("ix_videos_status"), table_name="videos")
    op.drop_index(op.f("ix_videos_created_at"), table_name="videos")
    op.drop_table("videos")
    op.drop_table("settings")
    op.drop_table("service_keys")
    op.drop_index("ix_licenses_video_job", table_name="licenses")
    op.drop_index(op.f("ix_licenses_video_id"), table_name="licenses")
    op.drop_index(op.f("ix_licenses_app_serial"), table_name="licenses")
    op.drop_table("licenses")
    op.drop_index(op.f("ix_apps_fingerprint"), table_name="apps")
    op.drop_table("apps")
    op.drop_table("access_keys")
