package org.simreg.coordinator.job.scale;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.keda.ExternalscalerProto;

/** The scaler, asked by a client that knows KEDA's interface and nothing of ours. */
@Timeout(60)
class KedaDescriptorTest {
    private final ScalerServer coordinator = new ScalerServer(ScaleSettings.USUAL, Optional.empty());
    private final ManagedChannel channel = NettyChannelBuilder.forAddress("localhost", coordinator.port())
            .usePlaintext()
            .build();
    private FileDescriptor published;

    @BeforeEach
    void published() throws Exception {
        published = KedaInterface.file();
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        coordinator.close();
    }

    private Iterator<DynamicMessage> ask(String name, String json) throws Exception {
        ServiceDescriptor service = published.findServiceByName("ExternalScaler");
        MethodDescriptor method = service.findMethodByName(name);
        DynamicMessage.Builder request = DynamicMessage.newBuilder(method.getInputType());
        JsonFormat.parser().merge(json, request);
        io.grpc.MethodDescriptor<Message, DynamicMessage> call =
                io.grpc.MethodDescriptor.<Message, DynamicMessage>newBuilder()
                        .setType(
                                method.isServerStreaming()
                                        ? io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING
                                        : io.grpc.MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(service.getFullName() + "/" + name)
                        .setRequestMarshaller(ProtoUtils.marshaller(
                                (Message) DynamicMessage.getDefaultInstance(method.getInputType())))
                        .setResponseMarshaller(
                                ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getOutputType())))
                        .build();
        CallOptions soon = CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
        return ClientCalls.blockingServerStreamingCall(channel, call, soon, request.build());
    }

    private static String json(Message message) throws Exception {
        // Fields that we send and KEDA doesn't know would be lost on it.
        assertEquals(0, message.getUnknownFields().getSerializedSize());
        return JsonFormat.printer().omittingInsignificantWhitespace().print(message);
    }

    private String answer(String name, String json) throws Exception {
        Iterator<DynamicMessage> answers = ask(name, json);
        String answer = json(answers.next());
        assertFalse(answers.hasNext());
        return answer;
    }

    @Test
    void allFiveCallsAreAnswered() throws Exception {
        String object = "{\"name\":\"w\",\"namespace\":\"n\",\"scalerMetadata\":{\"max\":\"3\"}}";
        String question = "{\"scaledObjectRef\":" + object + ",\"metricName\":\"%s\"}";
        Iterator<DynamicMessage> stream = ask("StreamIsActive", object);
        assertEquals("{}", json(stream.next()));
        assertEquals("{}", answer("IsActive", object));
        coordinator.submit("a", 1, 5);
        assertEquals("{\"result\":true}", json(stream.next()));
        assertEquals("{\"result\":true}", answer("IsActive", object));
        String spec = answer("GetMetricSpec", object);
        assertEquals(
                "{\"metricSpecs\":[{\"metricName\":\"simreg-workers-wanted\",\"targetSize\":\"1\",\"targetSizeFloat\":1.0}]}",
                spec);
        assertEquals(spec, json(ask("StreamMetricSpec", object).next()));
        assertEquals(
                "{\"metricValues\":[{\"metricName\":\"simreg-workers-wanted\",\"metricValue\":\"3\",\"metricValueFloat\":3.0}]}",
                answer("GetMetrics", question.formatted("simreg-workers-wanted")));
    }

    @Test
    void ourFileSaysWhatThePublishedOneSays() {
        FileDescriptor ours = ExternalscalerProto.getDescriptor();
        assertEquals(text(published), text(ours));
    }

    private static List<String> text(FileDescriptor file) {
        List<String> text = new ArrayList<>();
        for (Descriptor message : file.getMessageTypes()) {
            for (FieldDescriptor field : message.getFields()) {
                String type = field.getType() + (field.isRepeated() ? "*" : "");
                String of = field.getJavaType() == JavaType.MESSAGE
                        ? field.getMessageType().getFullName()
                        : "";
                text.add(field.getFullName() + " " + field.getNumber() + " " + type + of);
            }
        }
        for (ServiceDescriptor service : file.getServices()) {
            for (MethodDescriptor method : service.getMethods()) {
                String from = method.getInputType().getFullName();
                String to = method.getOutputType().getFullName();
                text.add(method.getFullName() + " " + from + " " + to + method.isServerStreaming());
            }
        }
        text.sort(null);
        return text;
    }
}
