// Reads a log as the Go checksum database is read, with the packages that check that one: every leaf has to be in the signed tree.
//
//	reader ADDRESS VKEY...
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// site is a log at an address that ends with a slash, and what was read of it.
type site struct {
	address string
	seen    map[string][]byte
}

func main() {
	log.SetFlags(0)
	at := site{os.Args[1], map[string][]byte{}}
	origin, tree := at.head(os.Args[2:])
	reader := tlog.TileHashReader(tree, at)
	root, err := tlog.TreeHash(tree.N, reader)
	check(err)
	if root != tree.Hash {
		log.Fatalf("the tiles give %v, the head says %v", root, tree.Hash)
	}
	for index, entry := range at.entries(tree.N) {
		proof, err := tlog.ProveRecord(tree.N, int64(index), reader)
		check(err)
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)))
	}
	fmt.Printf("%s %d\n", origin, tree.N)
}

// head is the checkpoint (C2SP tlog-checkpoint), signed by one of these keys.
func (at site) head(keys []string) (string, tlog.Tree) {
	var known []note.Verifier
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		check(err)
		known = append(known, verifier)
	}
	signed, err := note.Open(at.get("checkpoint"), note.VerifierList(known...))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != signed.Sigs[0].Name {
		log.Fatalf("no head of %s: %q", signed.Sigs[0].Name, signed.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return lines[0], tree
}

// entries are those of all bundles (C2SP tlog-tiles).
func (at site) entries(size int64) (entries [][]byte) {
	for start := int64(0); start < size; start += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: start / 256, W: width(size - start)}
		bundle := at.get(strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1))
		for len(bundle) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries, bundle = append(entries, bundle[2:end]), bundle[end:]
		}
	}
	if int64(len(entries)) != size {
		log.Fatalf("%d entries in a log of %d", len(entries), size)
	}
	return entries
}

func width(left int64) int {
	if left < 256 {
		return int(left)
	}
	return 256
}

// Height is part of tlog.TileReader.
func (site) Height() int { return 8 }

// ReadTiles leaves out of a tile's path its height, as C2SP tlog-tiles does.
func (at site) ReadTiles(tiles []tlog.Tile) (read [][]byte, err error) {
	for _, tile := range tiles {
		read = append(read, at.get(strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
	}
	return read, nil
}

// SaveTiles keeps nothing.
func (site) SaveTiles([]tlog.Tile, [][]byte) {}

func (at site) get(path string) []byte {
	if body, ok := at.seen[path]; ok {
		return body
	}
	answer, err := http.Get(at.address + path)
	check(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s", path, answer.Status)
	}
	body, err := io.ReadAll(answer.Body)
	check(err)
	at.seen[path] = body
	return body
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
