package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

type venue struct{ token, tokenFile string }

var serviceDesc = grpc.ServiceDesc{
	ServiceName: "grpc.tradeapi.v1.marketdata.MarketDataService",
	HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{
		StreamName:    "SubscribeQuote",
		ServerStreams: true,
		Handler:       func(server any, stream grpc.ServerStream) error { return server.(*venue).subscribe(stream) },
	}},
	Metadata: "finam-quotes.proto",
}

// The quotes of every stream begin here and rise by one unit of the last digit.
const firstUnits = 30105

// subscribe answers by the names of the symbols:
//
//	STATUS-16@X  the call ends with that status
//	ERROR@X      an error within the stream
//	BIG-5000@X   one message with so many bytes beside the quotes
//	QUIET@X      the call is taken and nothing is sent
//	FLOOD@X      as fast as the client reads
//	FLOOD-9@X    the same, and after so many the call ends in good order
//
// any other name: a snapshot, then a change every 5 ms.
func (v *venue) subscribe(stream grpc.ServerStream) error {
	if err := v.authorize(stream); err != nil {
		return err
	}
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	symbols := readSymbols(request)
	for _, symbol := range symbols {
		name, argument := split(symbol)
		switch name {
		case "STATUS":
			return status.Error(codes.Code(argument), "asked for: "+symbol)
		case "ERROR":
			return send(stream, errorMessage(3, "unknown symbol "+symbol))
		case "QUIET":
			if err := stream.SendHeader(metadata.MD{}); err != nil {
				return err
			}
			<-stream.Context().Done()
			return nil
		case "FLOOD":
			return flood(stream, symbols, argument)
		case "BIG":
			if err := send(stream, bigMessage(symbol, argument)); err != nil {
				return err
			}
		}
	}
	if err := send(stream, quotesMessage(symbols, 0)); err != nil {
		return err
	}
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for n := int64(1); ; n++ {
		select {
		case <-stream.Context().Done():
			return nil
		case <-ticks.C:
			if err := send(stream, quotesMessage(symbols, n)); err != nil {
				return err
			}
		}
	}
}

func flood(stream grpc.ServerStream, symbols []string, count int) error {
	// Rendered once, so that the machine's time is left to the client.
	ring := make([][]byte, 1000)
	for i := range ring {
		// Every symbol has its own beginning, and then one side in turn.
		ring[i] = quotesMessage(symbols[i%len(symbols):i%len(symbols)+1], int64(i/len(symbols)))
	}
	for n := 0; count == 0 || n < count; n++ {
		if err := stream.SendMsg(&ring[n%len(ring)]); err != nil {
			return err
		}
	}
	return nil
}

func (v *venue) authorize(stream grpc.ServerStream) error {
	wanted := v.token
	if v.tokenFile != "" {
		text, err := os.ReadFile(v.tokenFile)
		check(err)
		wanted = strings.TrimSpace(string(text))
	}
	if wanted == "" {
		return nil
	}
	md, _ := metadata.FromIncomingContext(stream.Context())
	if values := md.Get("authorization"); len(values) == 1 && values[0] == wanted {
		return nil
	}
	return status.Error(codes.Unauthenticated, "token is not valid")
}

func send(stream grpc.ServerStream, message []byte) error { return stream.SendMsg(&message) }

func split(symbol string) (string, int) {
	name, _, _ := strings.Cut(symbol, "@")
	word, digits, _ := strings.Cut(name, "-")
	number, _ := strconv.Atoi(digits)
	return word, number
}

func readSymbols(request []byte) []string {
	var symbols []string
	for len(request) > 0 {
		number, wireType, n := protowire.ConsumeTag(request)
		request = request[n:]
		if number == 1 && wireType == protowire.BytesType {
			text, n := protowire.ConsumeString(request)
			symbols = append(symbols, text)
			request = request[n:]
		} else {
			request = request[protowire.ConsumeFieldValue(number, wireType, request):]
		}
	}
	return symbols
}

// quotesMessage is the n-th message of a stream: whole at first, then one side in turn.
func quotesMessage(symbols []string, n int64) []byte {
	var message []byte
	now := time.Now()
	for _, symbol := range symbols {
		var quote []byte
		quote = protowire.AppendTag(quote, 1, protowire.BytesType)
		quote = protowire.AppendString(quote, symbol)
		var stamp []byte
		stamp = protowire.AppendTag(stamp, 1, protowire.VarintType)
		stamp = protowire.AppendVarint(stamp, uint64(now.Unix()))
		stamp = protowire.AppendTag(stamp, 2, protowire.VarintType)
		stamp = protowire.AppendVarint(stamp, uint64(now.Nanosecond()))
		quote = appendMessage(quote, 2, stamp)
		if n == 0 || n%2 == 1 {
			quote = appendDecimal(quote, 3, priceText(firstUnits+5+n))
			quote = appendDecimal(quote, 4, strconv.FormatInt(100+n, 10))
		}
		if n%2 == 0 {
			quote = appendDecimal(quote, 5, priceText(firstUnits+n))
			quote = appendDecimal(quote, 6, strconv.FormatInt(200+n, 10))
		}
		if n == 0 {
			quote = protowire.AppendTag(quote, 17, protowire.VarintType)
			quote = protowire.AppendVarint(quote, 1)
		}
		message = appendMessage(message, 1, quote)
	}
	return message
}

func bigMessage(symbol string, size int) []byte {
	message := quotesMessage([]string{symbol}, 0)
	message = protowire.AppendTag(message, 1000, protowire.BytesType)
	return protowire.AppendBytes(message, make([]byte, size))
}

func errorMessage(code uint64, text string) []byte {
	var body []byte
	body = protowire.AppendTag(body, 1, protowire.VarintType)
	body = protowire.AppendVarint(body, code)
	body = protowire.AppendTag(body, 2, protowire.BytesType)
	body = protowire.AppendString(body, text)
	return appendMessage(nil, 2, body)
}

func appendMessage(target []byte, number protowire.Number, body []byte) []byte {
	target = protowire.AppendTag(target, number, protowire.BytesType)
	return protowire.AppendBytes(target, body)
}

func appendDecimal(target []byte, number protowire.Number, text string) []byte {
	var body []byte
	body = protowire.AppendTag(body, 1, protowire.BytesType)
	body = protowire.AppendString(body, text)
	return appendMessage(target, number, body)
}

func priceText(units int64) string { return fmt.Sprintf("%d.%02d", units/100, units%100) }
