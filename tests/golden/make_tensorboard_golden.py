#!/usr/bin/env python3
"""Writes tensorboard.events: an event file as the tensorboardX package (2.6) writes it, with fixed times.

    pip install tensorboardX && python make_tensorboard_golden.py
"""
import os

from tensorboardX.proto import event_pb2, summary_pb2
from tensorboardX.record_writer import RecordWriter

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tensorboard.events")
record = RecordWriter(path)
events = [event_pb2.Event(wall_time=1700000000.25, file_version="brain.Event:2")]
events.append(event_pb2.Event(wall_time=1700000001.5, step=1, summary=summary_pb2.Summary(value=[
    summary_pb2.Summary.Value(tag="train/loss", simple_value=0.125),
    summary_pb2.Summary.Value(tag="train/lr", simple_value=1e-3)])))
events.append(event_pb2.Event(wall_time=1700000002.0, step=300000, summary=summary_pb2.Summary(value=[
    summary_pb2.Summary.Value(tag="held_out/mse", simple_value=-0.5)])))
events.append(event_pb2.Event(wall_time=1700000003.0, step=7, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)))
for event in events:
    record.write(event.SerializeToString())
record.close()
