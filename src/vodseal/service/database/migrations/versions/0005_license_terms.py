"""What a license was issued for and how long, and policies of apps and videos."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind, default in (
        ("fingerprint", sa.String(length=64), ""),
        ("user_name", sa.String(length=64), ""),
        ("status", sa.String(length=16), "Active"),
        ("expires_at", sa.Double(), "0"),
    ):
        op.add_column("licenses", sa.Column(name, kind, nullable=False, server_default=default))
    op.create_index("ix_licenses_user_app", "licenses", ["user_name", "fingerprint"], unique=False)
    op.create_index("ix_licenses_device_id", "licenses", ["device_id"], unique=False)
    op.create_table(
        "license_policies",
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject", "name", name=op.f("pk_license_policies")),
    )


def downgrade() -> None:
    op.drop_table("license_policies")
    op.drop_index("ix_licenses_device_id", table_name="licenses")
    op.drop_index("ix_licenses_user_app", table_name="licenses")
    for name in ("expires_at", "status", "user_name", "fingerprint"):
        op.drop_column("licenses", name)
