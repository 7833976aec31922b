"""What an app embeds: the downloader, its sources, its listeners (client-surface 1)."""
