package console_test

import (
	"net/http"
	"testing"
)

// Who only asks, in a word that is not understood, or sends a form in place of the file, is refused: nothing is taken.
func TestUploadsThatAreNotUnderstood(t *testing.T) {
	o := open(t)
	const to = "/api/v1/routes/failures/files?name="
	for _, path := range []string{"a.csv&check=1", "a.csv&check", "a.csv&check=True", ".", "..%2F", "%5C"} {
		if status, body := o.ask("ann", "POST", to+path, sheet(1, "LBU")); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	form := "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" + sheet(1, "LBU") + "\r\n--x--\r\n"
	if status, text := o.form("ann", to+"a.csv", form); status != http.StatusUnprocessableEntity {
		t.Errorf("a form: %d %s", status, text)
	}
	id := o.drop("ann", "failures", "C:%5Cmine%5C..%2F.orders.csv", sheet(1, "LBU"))
	o.ended(id)
	var files struct{ Files []struct{ Name string } }
	if o.get("ann", "/api/v1/files", &files); len(files.Files) != 1 || files.Files[0].Name != "orders.csv" {
		t.Errorf("%+v", files)
	}
}
