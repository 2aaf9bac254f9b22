package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.ExtensionRegistry;
import com.google.protobuf.util.JsonFormat;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.JobState;

/** A client that knows of the API only what the server reflects, as grpcurl does. */
@Timeout(60)
class ReflectionTest {
    private final Served served = Served.onPort();
    private final ReflectingClient client = new ReflectingClient(served.channel);

    @AfterEach
    void close() {
        served.close();
    }

    /** A client without generated classes: descriptors by reflection, messages from JSON. */
    private static final class ReflectingClient {
        private final ManagedChannel channel;
        private final Map<String, FileDescriptorProto> files = new LinkedHashMap<>();
        private final BlockingQueue<ServerReflectionResponse> answers = new LinkedBlockingQueue<>();
        private final StreamObserver<ServerReflectionRequest> questions;

        ReflectingClient(ManagedChannel channel) {
            this.channel = channel;
            questions = ServerReflectionGrpc.newStub(channel).serverReflectionInfo(new StreamObserver<>() {
                @Override
                public void onNext(ServerReflectionResponse answer) {
                    answers.add(answer);
                }

                @Override
                public void onError(Throwable failure) {
                    answers.add(ServerReflectionResponse.newBuilder()
                            .setValidHost(failure.toString())
                            .build());
                }

                @Override
                public void onCompleted() {
                    answers.add(ServerReflectionResponse.getDefaultInstance());
                }
            });
        }

        private ServerReflectionResponse ask(ServerReflectionRequest.Builder request) throws InterruptedException {
            questions.onNext(request.build());
            return answers.poll(20, TimeUnit.SECONDS);
        }

        List<String> services() throws InterruptedException {
            return ask(ServerReflectionRequest.newBuilder().setListServices("*"))
                    .getListServicesResponse()
                    .getServiceList()
                    .stream()
                    .map(service -> service.getName())
                    .toList();
        }

        ServiceDescriptor service(String file, String name) throws Exception {
            load(ServerReflectionRequest.newBuilder().setFileContainingSymbol(name));
            return build(file).findServiceByName(name.substring(name.lastIndexOf('.') + 1));
        }

        private void load(ServerReflectionRequest.Builder request) throws Exception {
            var answer = ask(request).getFileDescriptorResponse();
            for (var bytes : answer.getFileDescriptorProtoList()) {
                FileDescriptorProto file = FileDescriptorProto.parseFrom(bytes, ExtensionRegistry.newInstance());
                files.put(file.getName(), file);
            }
        }

        private FileDescriptor build(String name) throws Exception {
            if (!files.containsKey(name)) {
                load(ServerReflectionRequest.newBuilder().setFileByFilename(name));
            }
            List<FileDescriptor> needed = new ArrayList<>();
            for (String dependency : files.get(name).getDependencyList()) {
                needed.add(build(dependency));
            }
            return FileDescriptor.buildFrom(files.get(name), needed.toArray(FileDescriptor[]::new), true);
        }

        DynamicMessage call(ServiceDescriptor service, String method, String json) throws Exception {
            MethodDescriptor described = service.findMethodByName(method);
            return ClientCalls.blockingUnaryCall(
                    channel,
                    grpc(described),
                    CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
                    message(described.getInputType(), json));
        }

        Iterator<DynamicMessage> stream(ServiceDescriptor service, String method, String json) throws Exception {
            MethodDescriptor described = service.findMethodByName(method);
            return ClientCalls.blockingServerStreamingCall(
                    channel, grpc(described), CallOptions.DEFAULT, message(described.getInputType(), json));
        }

        private static DynamicMessage message(Descriptor type, String json) throws Exception {
            DynamicMessage.Builder message = DynamicMessage.newBuilder(type);
            JsonFormat.parser().merge(json, message);
            return message.build();
        }

        private static io.grpc.MethodDescriptor<DynamicMessage, DynamicMessage> grpc(MethodDescriptor described) {
            return io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                    .setType(
                            described.isServerStreaming()
                                    ? io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING
                                    : io.grpc.MethodDescriptor.MethodType.UNARY)
                    .setFullMethodName(described.getService().getFullName() + "/" + described.getName())
                    .setRequestMarshaller(marshaller(described.getInputType()))
                    .setResponseMarshaller(marshaller(described.getOutputType()))
                    .build();
        }

        private static io.grpc.MethodDescriptor.Marshaller<DynamicMessage> marshaller(Descriptor type) {
            return ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(type));
        }
    }

    private static Object field(DynamicMessage message, String name) {
        return message.getField(message.getDescriptorForType().findFieldByName(name));
    }

    @Test
    void aClientMadeFromReflectionAloneSubmitsWatchesAndCancels() throws Exception {
        assertTrue(client.services()
                .containsAll(List.of(
                        "simreg.v1.Jobs",
                        "simreg.v1.Workers",
                        "grpc.health.v1.Health",
                        "grpc.reflection.v1alpha.ServerReflection")));
        ServiceDescriptor jobs = client.service("simreg/v1/jobs.proto", "simreg.v1.Jobs");
        DynamicMessage job = client.call(jobs, "Submit", """
                        {"request_id": "r1", "job": {"dataset": {"path": ["photos"]},
                         "teachers": [{"source": "t.pt"}], "optimization": {"epochs": 3}}}
                        """);
        String id = (String) field(job, "id");
        assertEquals("job-1", id);
        String named = "{\"id\": \"" + id + "\"}";
        Iterator<DynamicMessage> events = client.stream(jobs, "Watch", named);
        served.run(() -> served.jobs.train(id, 1));
        DynamicMessage progress = (DynamicMessage) field(events.next(), "progress");
        assertEquals(1L, field((DynamicMessage) field(progress, "step"), "step"));
        DynamicMessage cancelled = client.call(jobs, "Cancel", named);
        assertEquals("CANCELLED", field(cancelled, "state").toString());
        DynamicMessage last = (DynamicMessage) field(events.next(), "progress");
        assertEquals(
                "CANCELLED",
                field((DynamicMessage) field(last, "state"), "state").toString());
        assertTrue(!events.hasNext());
        assertEquals(
                JobState.CANCELLED, served.call(() -> served.jobs.get("job-1").getState()));
    }

    @Test
    void everyServiceIsHealthyUntilTheServerCloses() {
        HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(served.channel);
        for (String service : List.of("", "simreg.v1.Jobs", "simreg.v1.Workers")) {
            HealthCheckRequest request =
                    HealthCheckRequest.newBuilder().setService(service).build();
            assertEquals(ServingStatus.SERVING, health.check(request).getStatus(), service);
        }
        Iterator<io.grpc.health.v1.HealthCheckResponse> watched = health.watch(HealthCheckRequest.getDefaultInstance());
        assertEquals(ServingStatus.SERVING, watched.next().getStatus());
        served.server.close();
        assertEquals(ServingStatus.NOT_SERVING, watched.next().getStatus());
    }
}
