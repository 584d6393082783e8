"""Recorded incidents once more: recordings, replay, backtest, playback."""
