"""Revocations, re-issued security files, and what a security file asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revocations",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_revocations")),
    )
    op.create_index("ix_revocations_subject_name", "revocations", ["subject", "name"])
    op.execute(
        "INSERT INTO revocations (subject, name, since, created_at) "
        "SELECT 'app', serial, created_at, created_at FROM apps WHERE status = 'Revoked'"
    )
    op.add_column("apps", sa.Column("manifest_key", sa.LargeBinary(), nullable=True))
    op.add_column("apps", sa.Column("ends_at", sa.Double(), nullable=True))
    op.add_column("apps", sa.Column("replaces", sa.String(length=32), nullable=True))
    op.add_column(
        "apps", sa.Column("least_level", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "apps", sa.Column("file_key_store", sa.Boolean(), nullable=False, server_default=sa.true())
    )


def downgrade() -> None:
    for column in ("file_key_store", "least_level", "replaces", "ends_at", "manifest_key"):
        op.drop_column("apps", column)
    op.drop_index("ix_revocations_subject_name", table_name="revocations")
    op.drop_table("revocations")
