"""Enrolled devices, used nonces, and apps whose devices need a certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("app_serial", sa.String(length=32), nullable=False),
        sa.Column("kem_key", sa.LargeBinary(), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(), nullable=False),
        sa.Column("identity_level", sa.Integer(), nullable=False),
        sa.Column("key_store_level", sa.Integer(), nullable=False),
        sa.Column("enrolled_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", "app_serial", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_app_serial"), "devices", ["app_serial"])
    op.create_table(
        "nonces",
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "value", name=op.f("pk_nonces")),
    )
    op.create_index(op.f("ix_nonces_ends_at"), "nonces", ["ends_at"])
    op.add_column(
        "apps",
        sa.Column("needs_certificate", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("apps", "needs_certificate")
    op.drop_index(op.f("ix_nonces_ends_at"), table_name="nonces")
    op.drop_table("nonces")
    op.drop_index(op.f("ix_devices_app_serial"), table_name="devices")
    op.drop_table("devices")
