package inbox

import (
	"encoding/json"

	"tamas/inbox/record"
)

// openChunk reads the rows that an event brings. An event whose rows cannot be read is kept raw, like any other that cannot be: nobody behind it
// waits, and the import sees that its chunk is missing.
func (h *Hub) openChunk(e *record.Event) {
	if e.Kind != record.EvImported || e.Import == nil {
		return
	}
	rows, err := h.chunkRows(e.Import)
	if err == nil {
		e.Imported = rows
		return
	}
	h.log.Error("a chunk of an import cannot be read; its event is kept as it came", "event", e.ID, "import", e.Import.ID, "err", err)
	raw, _ := json.Marshal(e) // plain structs
	*e = record.Event{V: e.V, ID: e.ID, Kind: record.EvUnreadable, At: e.At, By: e.By, Key: e.Key, Import: e.Import, Raw: raw}
}

func (h *Hub) chunkRows(i *record.Import) ([]record.Imported, error) {
	f, err := h.blobs.Open(i.Blob)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return record.ReadChunk(f, i.Rows)
}
