package worklist

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"permithub/schemas"
)

// What is kept of a transition keeps nothing of the record that it was read from: thousands are held at once while the log is read.
func TestAFileKeepsNothingOfItsRecord(t *testing.T) {
	tr := look{dossier: "A", seq: 1, stage: schemas.StageReview, division: "330424001", name: "张三", due: time.Hour}.transition()
	at := schemas.At(t0)
	tr.Person.Remarks = []schemas.Remark{{InputID: "r", Override: "系统更新", Opinion: string(bytes.Repeat([]byte("字"), 20_000))}}
	tr.Events = []schemas.Event{
		{Type: schemas.EvSupplementRequested, At: at, ApplicationNo: "AAAAA0", Officer: "1001", Remark: "r"},
		{Type: schemas.EvBreached, At: at, ApplicationNo: "AAAAA0", Clock: "T1", DueAt: &at, Cause: &schemas.Cause{Kind: schemas.CauseForeignOutage, Stage: schemas.StageReview, System: "sms", From: at}},
		{Type: schemas.EvRecounted, At: at, ApplicationNo: "AAAAA0", Clock: "T1", DueAt: &at},
	}
	rec, err := tr.Record()
	if err != nil {
		t.Fatal(err)
	}
	const n = 200
	files := make([]*File, n)
	before := heapInUse()
	for i := range files {
		if files[i], err = Read(bytes.Clone(rec.Value)); err != nil {
			t.Fatal(err)
		}
	}
	each := (heapInUse() - before) / n
	if f := files[0]; len(f.breaches) != 1 || len(f.overrides) != 1 || len(f.undone) != 1 || f.Open.Name != "张三" {
		t.Fatalf("read %+v", f)
	}
	runtime.KeepAlive(files)
	if each > 4<<10 {
		t.Errorf("a file keeps %d bytes of a record of %d", each, len(rec.Value))
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
