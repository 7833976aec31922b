"""The main job on this machine, with a check behind every claim.

``run_demo`` plays all the parts: operator, app developer, viewer and four
attackers. It drives the same commands and the same SDK that everybody else
uses; nothing in it reaches behind them. All it writes lies in one folder.
"""
