// quickfix-go, another maker's FIX engine the integration tests run against. It builds with Go 1.19 too, which is older
// than the engine says it needs.
module edge-ingester.test/quickfix-go-peer

go 1.21

require github.com/quickfixgo/quickfix v0.9.5

require (
	github.com/pires/go-proxyproto v0.7.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/shopspring/decimal v1.4.0 // indirect
	golang.org/x/net v0.24.0 // indirect
)
