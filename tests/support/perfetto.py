# SPDX-License-Identifier: MIT
"""Reads Perfetto traces, for tests: by a table of the fields we may use, from Perfetto's published schema
(protos/perfetto/trace/ in github.com/google/perfetto). A field that is not in it, or of another type, is an error.

    for packet in perfetto.read(data): packet["track_event"]["type"]
    perfetto.Checked(data).slices   [(thread or track, name, begin, end, depth, event)]
"""

import struct

# message: {number: (name, type, is repeated)}; a type with a capital is a message.
SCHEMA = {
    "Trace": {1: ("packet", "TracePacket", True)},
    "TracePacket": {
        6: ("clock_snapshot", "ClockSnapshot", False), 8: ("timestamp", "uint", False),
        10: ("trusted_packet_sequence_id", "uint", False), 11: ("track_event", "TrackEvent", False),
        12: ("interned_data", "InternedData", False), 13: ("sequence_flags", "uint", False),
        60: ("track_descriptor", "TrackDescriptor", False), 66: ("perf_sample", "PerfSample", False)},
    "ClockSnapshot": {1: ("clocks", "Clock", True)},
    "Clock": {1: ("clock_id", "uint", False), 2: ("timestamp", "uint", False)},
    "TrackDescriptor": {
        1: ("uuid", "uint", False), 2: ("name", "string", False), 3: ("process", "ProcessDescriptor", False),
        4: ("thread", "ThreadDescriptor", False), 5: ("parent_uuid", "uint", False),
        8: ("counter", "CounterDescriptor", False)},
    "ProcessDescriptor": {
        1: ("pid", "uint", False), 2: ("cmdline", "string", True), 6: ("process_name", "string", False)},
    "ThreadDescriptor": {1: ("pid", "uint", False), 2: ("tid", "uint", False), 5: ("thread_name", "string", False)},
    "CounterDescriptor": {3: ("unit", "uint", False)},
    "TrackEvent": {
        3: ("category_iids", "uint", True), 4: ("debug_annotations", "DebugAnnotation", True),
        9: ("type", "uint", False), 10: ("name_iid", "uint", False), 11: ("track_uuid", "uint", False),
        30: ("counter_value", "int", False),
        47: ("flow_ids", "fixed64", True), 48: ("terminating_flow_ids", "fixed64", True),
        56: ("callstack_iid", "uint", False)},
    "DebugAnnotation": {
        1: ("name_iid", "uint", False), 3: ("uint_value", "uint", False), 6: ("string_value", "string", False),
        7: ("pointer_value", "uint", False), 17: ("string_value_iid", "uint", False)},
    "InternedData": {
        1: ("event_categories", "Name", True), 2: ("event_names", "Name", True),
        3: ("debug_annotation_names", "Name", True), 5: ("function_names", "InternedString", True),
        6: ("frames", "Frame", True), 7: ("callstacks", "Callstack", True),
        16: ("build_ids", "InternedString", True), 17: ("mapping_paths", "InternedString", True),
        19: ("mappings", "Mapping", True), 29: ("debug_annotation_string_values", "InternedString", True)},
    "Name": {1: ("iid", "uint", False), 2: ("name", "string", False)},
    "InternedString": {1: ("iid", "uint", False), 2: ("str", "bytes", False)},
    "Frame": {
        1: ("iid", "uint", False), 2: ("function_name_id", "uint", False), 3: ("mapping_id", "uint", False),
        4: ("rel_pc", "uint", False)},
    "Callstack": {1: ("iid", "uint", False), 2: ("frame_ids", "uint", True)},
    "Mapping": {
        1: ("iid", "uint", False), 2: ("build_id", "uint", False), 3: ("start_offset", "uint", False),
        4: ("start", "uint", False), 5: ("end", "uint", False), 7: ("path_string_ids", "uint", True),
        8: ("exact_offset", "uint", False)},
    "PerfSample": {
        2: ("pid", "uint", False), 3: ("tid", "uint", False), 4: ("callstack_iid", "uint", False),
        5: ("cpu_mode", "uint", False), 6: ("timebase_count", "uint", False)},
}
WIRE = {"uint": 0, "int": 0, "fixed64": 1}
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4


def _varint(data, pos):
    value = shift = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            assert value < 1 << 64
            return value, pos


def message(data, kind):
    out, pos = {}, 0
    while pos < len(data):
        key, pos = _varint(data, pos)
        name, of, repeated = SCHEMA[kind][key >> 3]
        assert key & 7 == WIRE.get(of, 2), "%s.%s has wire type %d" % (kind, name, key & 7)
        if key & 7 == 0:
            value, pos = _varint(data, pos)
            value = value - (1 << 64) if of == "int" and value >> 63 else value
        elif key & 7 == 1:
            value, pos = struct.unpack_from("<Q", data, pos)[0], pos + 8
        else:
            size, pos = _varint(data, pos)
            assert pos + size <= len(data), "%s.%s ends past its message" % (kind, name)
            value, pos = data[pos : pos + size], pos + size
            value = value.decode() if of == "string" else value if of == "bytes" else message(value, of)
        if repeated:
            out.setdefault(name, []).append(value)
        else:
            assert name not in out, "%s.%s is there twice" % (kind, name)
            out[name] = value
    return out


def read(data):
    return message(data, "Trace").get("packet", [])


class Checked:
    """Resolves what packets refer to, as a viewer does: what refers to nothing is an error."""

    def __init__(self, data):
        self.interned, self.tracks, self.events, self.samples = {}, {}, [], []
        packets = read(data)
        assert packets[0]["sequence_flags"] == 1 and "clock_snapshot" in packets[0]
        self.clocks = {c["clock_id"]: c["timestamp"] for c in packets[0]["clock_snapshot"]["clocks"]}
        for p in packets:
            assert p["trusted_packet_sequence_id"] == 1
            self._intern(p.get("interned_data", {}))
            if "track_descriptor" in p:
                uuid = p["track_descriptor"]["uuid"]
                assert uuid and uuid not in self.tracks
                self.tracks[uuid] = p["track_descriptor"]
            elif "track_event" in p:
                self.events.append(self._event(p))
            elif "perf_sample" in p:
                s = p["perf_sample"]
                stack = self.stack(s["callstack_iid"]) if "callstack_iid" in s else []
                self.samples.append((p["timestamp"], s["tid"], stack))
        self.events.sort(key=lambda e: e["at"])  # stable, as a viewer's
        self._nest()

    def _intern(self, data):
        for field, entries in data.items():
            table = self.interned.setdefault(field, {})
            for entry in entries:
                assert entry["iid"] and entry["iid"] not in table, field
                table[entry["iid"]] = entry

    def stack(self, iid):
        """Function names, the leaf first."""
        names = []
        for frame in self.interned["callstacks"][iid].get("frame_ids", []):
            frame = self.interned["frames"][frame]
            mapping = self.interned["mappings"][frame["mapping_id"]]
            self.interned["build_ids"][mapping["build_id"]]
            assert all(i in self.interned["mapping_paths"] for i in mapping["path_string_ids"])
            names.append(self.interned["function_names"][frame["function_name_id"]]["str"].decode())
        return names[::-1]

    def _event(self, packet):
        raw = packet["track_event"]
        event = {"at": packet["timestamp"], "type": raw["type"], "track": self.tracks[raw["track_uuid"]],
                 "flows": raw.get("flow_ids", []), "ends": raw.get("terminating_flow_ids", []), "args": {}}
        if "name_iid" in raw:
            event["name"] = self.interned["event_names"][raw["name_iid"]]["name"]
            event["category"] = self.interned["event_categories"][raw["category_iids"][0]]["name"]
        if "callstack_iid" in raw:
            event["stack"] = self.stack(raw["callstack_iid"])
        for a in raw.get("debug_annotations", []):
            name = self.interned["debug_annotation_names"][a.pop("name_iid")]["name"]
            (kind, value), = a.items()
            if kind == "string_value_iid":
                value = self.interned["debug_annotation_string_values"][value]["str"].decode()
            event["args"][name] = value
        event["value"] = raw.get("counter_value")
        assert (raw["type"] == COUNTER) == ("counter" in event["track"]) == ("counter_value" in raw)
        return event

    def _nest(self):
        open_slices, self.slices = {}, []
        for e in self.events:
            stack = open_slices.setdefault(e["track"]["uuid"], [])
            if e["type"] == BEGIN:
                stack.append(e)
            elif e["type"] == END:
                b = stack.pop()
                thread = e["track"].get("thread", {}).get("thread_name") or e["track"].get("name")
                self.slices.append((thread, b["name"], b["at"], e["at"], len(stack), b))
        assert not any(open_slices.values()), "slices that never end"
