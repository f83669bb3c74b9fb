package main

import (
	"fmt"
	"math/rand"
	"sort"
	"strconv"
	"strings"
)

const (
	bid       = '0'
	offer     = '1'
	actNew    = '0'
	actChange = '1'
	actDelete = '2'
	// Prices of one side: this many ticks of 0.00001 away from the middle at most.
	ticksPerSide = 400
	middleTicks  = 112_000
)

// entry is one line of a book; id is MDEntryID (278), empty in a market without.
type entry struct {
	side            byte
	id, price, size string
}

func (e entry) key() string {
	if e.id == "" {
		return string(e.side) + e.price
	}
	return e.id
}

func (e entry) String() string {
	return strings.Join([]string{string(e.side), e.id, e.price, e.size}, "|")
}

// change is one step of one book.
type change struct {
	symbol string
	action byte
	entry  entry
}

// market is books that change by seeded chance: bids below a fixed middle, offers above it, never crossed.
type market struct {
	random  *rand.Rand
	depth   int
	hasIds  bool
	symbols []string
	books   map[string][]entry
	lastId  int
}

func newMarket(symbols []string, depth int, hasIds bool, seed int64) *market {
	m := &market{rand.New(rand.NewSource(seed)), depth, hasIds, symbols, map[string][]entry{}, 0}
	for _, symbol := range symbols {
		for i := 0; i < depth/2; i++ {
			m.add(symbol, bid)
			m.add(symbol, offer)
		}
	}
	return m
}

func (m *market) anySymbol() string { return m.symbols[m.random.Intn(len(m.symbols))] }

// step changes one entry of the symbol's book and says how.
func (m *market) step(symbol string) change {
	side := byte(bid)
	if m.random.Intn(2) == 1 {
		side = offer
	}
	var places []int
	for i, each := range m.books[symbol] {
		if each.side == side {
			places = append(places, i)
		}
	}
	chance := m.random.Intn(100)
	if len(places) == 0 || (len(places) < m.depth && chance < 25) {
		return change{symbol, actNew, m.add(symbol, side)}
	}
	book := m.books[symbol]
	place := places[m.random.Intn(len(places))]
	if chance < 50 {
		removed := book[place]
		m.books[symbol] = append(book[:place], book[place+1:]...)
		return change{symbol, actDelete, removed}
	}
	book[place].size = m.anySize()
	if m.hasIds && m.random.Intn(2) == 0 {
		book[place].price = m.anyPrice(side)
	}
	return change{symbol, actChange, book[place]}
}

// dump returns every entry of every book, sorted.
func (m *market) dump() map[string][]string {
	dump := map[string][]string{}
	for _, symbol := range m.symbols {
		lines := []string{}
		for _, each := range m.books[symbol] {
			lines = append(lines, each.String())
		}
		sort.Strings(lines)
		dump[symbol] = lines
	}
	return dump
}

func (m *market) add(symbol string, side byte) entry {
	added := entry{side: side, price: m.anyPrice(side), size: m.anySize()}
	if m.hasIds {
		m.lastId++
		added.id = "E" + strconv.Itoa(m.lastId)
	}
	for m.has(symbol, added.key()) {
		added.price = m.anyPrice(side)
	}
	m.books[symbol] = append(m.books[symbol], added)
	return added
}

func (m *market) has(symbol, key string) bool {
	for _, each := range m.books[symbol] {
		if each.key() == key {
			return true
		}
	}
	return false
}

func (m *market) anyPrice(side byte) string {
	away := 1 + m.random.Intn(ticksPerSide)
	if side == bid {
		away = -away
	}
	ticks := middleTicks + away
	return fmt.Sprintf("%d.%05d", ticks/100_000, ticks%100_000)
}

// anySize is whole, and now and then has decimals that end in 0: text must come through as it stands.
func (m *market) anySize() string {
	lots := strconv.Itoa(1 + m.random.Intn(90))
	if m.random.Intn(8) == 0 {
		return lots + ".50"
	}
	return lots + "00000"
}
