package main

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"
	alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
)

type fieldType = descriptorpb.FieldDescriptorProto_Type

const (
	stringType  = descriptorpb.FieldDescriptorProto_TYPE_STRING
	messageType = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	boolType    = descriptorpb.FieldDescriptorProto_TYPE_BOOL
	int32Type   = descriptorpb.FieldDescriptorProto_TYPE_INT32
)

// registerDescriptors tells grpc-go's reflection service what the messages of this peer look like.
func registerDescriptors() {
	decimal := &descriptorpb.FileDescriptorProto{
		Name: proto.String("decimal.proto"), Package: proto.String("google.type"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{message("Decimal", field("value", 1, stringType, ""))},
	}
	const pkg = ".grpc.tradeapi.v1.marketdata."
	list := descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	symbols := field("symbols", 1, stringType, "")
	symbols.Label = &list
	quotes := field("quote", 1, messageType, pkg+"Quote")
	quotes.Label = &list
	streaming := true
	finam := &descriptorpb.FileDescriptorProto{
		Name: proto.String("finam-quotes.proto"), Package: proto.String("grpc.tradeapi.v1.marketdata"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/timestamp.proto", "decimal.proto"},
		MessageType: []*descriptorpb.DescriptorProto{
			message("SubscribeQuoteRequest", symbols),
			message("SubscribeQuoteResponse", quotes, field("error", 2, messageType, pkg+"StreamError")),
			message("Quote",
				field("symbol", 1, stringType, ""),
				field("timestamp", 2, messageType, ".google.protobuf.Timestamp"),
				field("ask", 3, messageType, ".google.type.Decimal"),
				field("ask_size", 4, messageType, ".google.type.Decimal"),
				field("bid", 5, messageType, ".google.type.Decimal"),
				field("bid_size", 6, messageType, ".google.type.Decimal"),
				field("is_data_snapshot", 17, boolType, "")),
			message("StreamError", field("code", 1, int32Type, ""), field("description", 2, stringType, "")),
		},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("MarketDataService"),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name: proto.String("SubscribeQuote"), InputType: proto.String(pkg + "SubscribeQuoteRequest"),
				OutputType: proto.String(pkg + "SubscribeQuoteResponse"), ServerStreaming: &streaming,
			}},
		}},
	}
	for _, file := range []*descriptorpb.FileDescriptorProto{decimal, finam} {
		descriptor, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
		check(err)
		check(protoregistry.GlobalFiles.RegisterFile(descriptor))
	}
}

// registerV1Alpha offers the older name of the reflection service alone.
func registerV1Alpha(server *grpc.Server) {
	alpha.RegisterServerReflectionServer(server, reflection.NewServer(reflection.ServerOptions{Services: server}))
}

func message(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
	return &descriptorpb.DescriptorProto{Name: &name, Field: fields}
}

func field(name string, number int32, kind fieldType, typeName string) *descriptorpb.FieldDescriptorProto {
	label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
	result := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &kind, Label: &label}
	if typeName != "" {
		result.TypeName = &typeName
	}
	return result
}
