package providers_test

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/datamodel"

	"github.com/rowferry/rowferry/providers"
)

// conform is what a reader of OpenAPI that knows nothing of rowferry has against a document.
func conform(document []byte) error {
	config := &datamodel.DocumentConfiguration{ExcludeExtensionRefs: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	doc, err := libopenapi.NewDocumentWithConfiguration(document, config)
	if err != nil {
		return err
	}
	_, err = doc.BuildV3Model()
	return err
}

// The documents that are built in are OpenAPI also to others, beyond what we read of them ourselves.
func TestDocumentsAreOpenAPI(t *testing.T) {
	for _, name := range providers.Names() {
		document, err := os.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := conform(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if conform(bytes.Replace(document, []byte("#/components/schemas/"), []byte("#/components/schemas/nowhere/"), 1)) == nil {
			t.Errorf("%s: a reference that leads nowhere is not told", name)
		}
		if p, err := providers.Named(name); err != nil || p.Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := providers.Named("nobody"); p != nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
}
