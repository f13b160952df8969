// Command parts writes the list of parts of a finished program, as CycloneDX has it: the modules that the program itself names, and
// the Go that compiled it. It has neither a serial number nor a time, so that one program has one list.
package main

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path"
	"runtime/debug"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// Called as parts PROGRAM VERSION; the list goes to standard output.
func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("parts PROGRAM VERSION: writes the list of parts of a program")
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func write(program, version string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	return cyclonedx.NewBOMEncoder(os.Stdout, cyclonedx.BOMFileFormatJSON).SetPretty(true).
		EncodeVersion(list(info, path.Base(program), version), cyclonedx.SpecVersion1_6)
}

// list is the whole document: what the program is, its parts, and that it needs each of them.
func list(info *buildinfo.BuildInfo, file, version string) *cyclonedx.BOM {
	system := settings(info)
	program := component(debug.Module{Path: info.Main.Path, Version: version}, system)
	program.Type = cyclonedx.ComponentTypeApplication
	program.Scope = ""

	parts := []cyclonedx.Component{component(debug.Module{Path: "std", Version: info.GoVersion}, system)}
	for _, module := range info.Deps {
		parts = append(parts, component(linked(module), system))
	}
	needs := make([]string, len(parts))
	for i, part := range parts {
		needs[i] = part.BOMRef
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &program, Properties: &[]cyclonedx.Property{
		{Name: "rowferry:program", Value: file},
		{Name: "rowferry:go", Value: info.GoVersion},
		{Name: "rowferry:system", Value: system["GOOS"] + "/" + system["GOARCH"]},
	}}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: program.BOMRef, Dependencies: &needs}}
	return bom
}

func settings(info *buildinfo.BuildInfo) map[string]string {
	of := map[string]string{}
	for _, s := range info.Settings {
		of[s.Key] = s.Value
	}
	return of
}

// linked is the module whose code is in the program: what a replacement names, where there is one.
func linked(module *debug.Module) debug.Module {
	if module.Replace != nil {
		return *module.Replace
	}
	return *module
}

// component names a module as scanners for known faults look it up (purl), with the hash that go.sum has of it.
func component(module debug.Module, system map[string]string) cyclonedx.Component {
	name := fmt.Sprintf("pkg:golang/%s@%s", module.Path, module.Version)
	c := cyclonedx.Component{
		BOMRef: name + "?type=module", Type: cyclonedx.ComponentTypeLibrary, Name: module.Path, Version: module.Version,
		Scope:      cyclonedx.ScopeRequired,
		PackageURL: fmt.Sprintf("%s?goarch=%s&goos=%s&type=module", name, system["GOARCH"], system["GOOS"]),
	}
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:")); err == nil && len(sum) > 0 {
		c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	}
	return c
}
