package org.simreg.coordinator.job.scale;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import java.util.List;

/**
 * The interface that KEDA publishes, as a table of names, numbers and types; not made from our
 * file.
 */
final class KedaInterface {
    private static final List<String> FIELDS = List.of(
            "ScaledObjectRef name 1 string",
            "ScaledObjectRef namespace 2 string",
            "ScaledObjectRef scalerMetadata 3 map",
            "IsActiveResponse result 1 bool",
            "GetMetricSpecResponse metricSpecs 1 MetricSpec*",
            "MetricSpec metricName 1 string",
            "MetricSpec targetSize 2 int64",
            "MetricSpec targetSizeFloat 3 double",
            "GetMetricsRequest scaledObjectRef 1 ScaledObjectRef",
            "GetMetricsRequest metricName 2 string",
            "GetMetricsResponse metricValues 1 MetricValue*",
            "MetricValue metricName 1 string",
            "MetricValue metricValue 2 int64",
            "MetricValue metricValueFloat 3 double");

    private static final List<String> METHODS = List.of(
            "IsActive ScaledObjectRef IsActiveResponse",
            "StreamIsActive ScaledObjectRef IsActiveResponse stream",
            "GetMetricSpec ScaledObjectRef GetMetricSpecResponse",
            "GetMetrics GetMetricsRequest GetMetricsResponse",
            "StreamMetricSpec ScaledObjectRef GetMetricSpecResponse stream");

    private KedaInterface() {}

    static FileDescriptor file() throws DescriptorValidationException {
        FileDescriptorProto.Builder file = FileDescriptorProto.newBuilder()
                .setName("externalscaler.proto")
                .setPackage("externalscaler")
                .setSyntax("proto3");
        FIELDS.forEach(line -> field(file, line.split(" ")));
        ServiceDescriptorProto.Builder service =
                ServiceDescriptorProto.newBuilder().setName("ExternalScaler");
        for (String line : METHODS) {
            String[] words = line.split(" ");
            service.addMethod(MethodDescriptorProto.newBuilder()
                    .setName(words[0])
                    .setInputType(".externalscaler." + words[1])
                    .setOutputType(".externalscaler." + words[2])
                    .setServerStreaming(words.length == 4));
        }
        return FileDescriptor.buildFrom(file.addService(service).build(), new FileDescriptor[0]);
    }

    private static void field(FileDescriptorProto.Builder file, String[] words) {
        DescriptorProto.Builder message = message(file, words[0]);
        FieldDescriptorProto.Builder field = FieldDescriptorProto.newBuilder()
                .setName(words[1])
                .setNumber(Integer.parseInt(words[2]))
                .setLabel(Label.LABEL_OPTIONAL);
        switch (words[3]) {
            case "string" -> field.setType(Type.TYPE_STRING);
            case "bool" -> field.setType(Type.TYPE_BOOL);
            case "int64" -> field.setType(Type.TYPE_INT64);
            case "double" -> field.setType(Type.TYPE_DOUBLE);
            case "map" -> map(message, field);
            default -> {
                field.setTypeName(".externalscaler." + words[3].replace("*", ""));
                field.setLabel(words[3].endsWith("*") ? Label.LABEL_REPEATED : Label.LABEL_OPTIONAL);
                field.setType(Type.TYPE_MESSAGE);
            }
        }
        message.addField(field);
    }

    private static DescriptorProto.Builder message(FileDescriptorProto.Builder file, String name) {
        return file.getMessageTypeBuilderList().stream()
                .filter(known -> known.getName().equals(name))
                .findFirst()
                .orElseGet(() -> file.addMessageTypeBuilder().setName(name));
    }

    private static void map(DescriptorProto.Builder message, FieldDescriptorProto.Builder field) {
        DescriptorProto.Builder entry = message.addNestedTypeBuilder();
        entry.setName("ScalerMetadataEntry").getOptionsBuilder().setMapEntry(true);
        for (String name : List.of("key", "value")) {
            entry.addFieldBuilder()
                    .setName(name)
                    .setNumber(name.equals("key") ? 1 : 2)
                    .setLabel(Label.LABEL_OPTIONAL)
                    .setType(Type.TYPE_STRING);
        }
        field.setType(Type.TYPE_MESSAGE).setLabel(Label.LABEL_REPEATED);
        field.setTypeName(".externalscaler." + message.getName() + ".ScalerMetadataEntry");
    }
}
