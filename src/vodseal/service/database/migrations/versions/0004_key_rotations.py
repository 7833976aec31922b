"""Rotations of the master key, and handles of EDKs that outlive them."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_rotations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("from_head", sa.LargeBinary(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_rotations")),
    )
    op.create_index(op.f("ix_key_rotations_state"), "key_rotations", ["state"])
    op.add_column("streams", sa.Column("key_handle", sa.LargeBinary(), nullable=True))
    streams = sa.table(
        "streams",
        sa.column("id", sa.String),
        sa.column("key_blob", sa.LargeBinary),
        sa.column("key_handle", sa.LargeBinary),
    )
    connection = op.get_bind()
    query = sa.select(streams.c.id, streams.c.key_blob).where(streams.c.key_blob.is_not(None))
    for stream_id, blob in connection.execute(query).all():
        handle = hashlib.sha256(blob).digest()
        connection.execute(
            streams.update().where(streams.c.id == stream_id).values(key_handle=handle)
        )
    op.drop_index(op.f("ix_streams_key_blob"), table_name="streams")
    op.create_index(op.f("ix_streams_key_handle"), "streams", ["key_handle"])


def downgrade() -> None:
    op.drop_index(op.f("ix_streams_key_handle"), table_name="streams")
    op.create_index(op.f("ix_streams_key_blob"), "streams", ["key_blob"])
    op.drop_column("streams", "key_handle")
    op.drop_index(op.f("ix_key_rotations_state"), table_name="key_rotations")
    op.drop_table("key_rotations")
