package main

import "github.com/quickfixgo/quickfix"

var snapshotEntry = quickfix.GroupTemplate{
	quickfix.GroupElement(269), quickfix.GroupElement(278), quickfix.GroupElement(270), quickfix.GroupElement(271),
}

var incrementEntry = quickfix.GroupTemplate{
	quickfix.GroupElement(279), quickfix.GroupElement(269), quickfix.GroupElement(278), quickfix.GroupElement(55),
	quickfix.GroupElement(270), quickfix.GroupElement(271),
}

// snapshotMessage is a MarketDataSnapshotFullRefresh (W).
func snapshotMessage(request, symbol string, entries []entry) *quickfix.Message {
	message := messageOf("W")
	message.Body.SetString(262, request)
	message.Body.SetString(55, symbol)
	if len(entries) == 0 {
		message.Body.SetInt(268, 0)
		return message
	}
	group := quickfix.NewRepeatingGroup(268, snapshotEntry)
	for _, each := range entries {
		line := group.Add()
		line.SetString(269, string(each.side))
		if each.id != "" {
			line.SetString(278, each.id)
		}
		line.SetString(270, each.price)
		line.SetString(271, each.size)
	}
	message.Body.SetGroup(group)
	return message
}

// incrementMessage is a MarketDataIncrementalRefresh (X); an entry of the symbol before it does not repeat the symbol.
func incrementMessage(request string, changes []change) *quickfix.Message {
	message := messageOf("X")
	message.Body.SetString(262, request)
	group := quickfix.NewRepeatingGroup(268, incrementEntry)
	before := ""
	for _, each := range changes {
		line := group.Add()
		line.SetString(279, string(each.action))
		line.SetString(269, string(each.entry.side))
		if each.entry.id != "" {
			line.SetString(278, each.entry.id)
		}
		if each.symbol != before {
			line.SetString(55, each.symbol)
		}
		before = each.symbol
		line.SetString(270, each.entry.price)
		if each.action != actDelete {
			line.SetString(271, each.entry.size)
		}
	}
	message.Body.SetGroup(group)
	return message
}

// unknownSymbolMessage is a MarketDataRequestReject (Y).
func unknownSymbolMessage(request, symbol string) *quickfix.Message {
	message := messageOf("Y")
	message.Body.SetString(262, request)
	message.Body.SetString(281, "0")
	message.Body.SetString(58, "Unknown symbol "+symbol)
	return message
}

func messageOf(msgType string) *quickfix.Message {
	message := quickfix.NewMessage()
	message.Header.SetString(8, "FIX.4.4")
	message.Header.SetString(35, msgType)
	return message
}
