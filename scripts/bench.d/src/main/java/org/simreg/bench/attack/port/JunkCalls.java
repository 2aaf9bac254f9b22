package org.simreg.bench.attack.port;

import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.SamplesGrpc;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.ShardsGrpc;
import org.simreg.proto.WorkersGrpc;
import org.simreg.proto.keda.ExternalScalerGrpc;

/** 4 MiB of random bytes as a message to every RPC, then of fields that nobody knows. */
final class JunkCalls {
    /** A multiple of three. */
    private static final int LENGTH = 4_194_303;

    private static final int TIMES = 30;

    private JunkCalls() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        byte[] random = new byte[LENGTH];
        new Random(1).nextBytes(random);
        byte[] unknown = new byte[LENGTH];
        for (int i = 0; i < LENGTH; i += 3) {
            // Field 2000, a varint of 1.
            unknown[i] = (byte) 0x80;
            unknown[i + 1] = 0x7D;
            unknown[i + 2] = 1;
        }
        List<String> answers = new ArrayList<>();
        for (String method : methods().toList()) {
            answers.add(ended(target, method, random));
            answers.add(ended(target, method, unknown));
        }
        Target.tell("junk", answers.size() + " calls of 4 MiB, two to each RPC", answers);
    }

    private static Stream<String> methods() {
        return Stream.of(
                        JobsGrpc.getServiceDescriptor(),
                        SearchGrpc.getServiceDescriptor(),
                        WorkersGrpc.getServiceDescriptor(),
                        SamplesGrpc.getServiceDescriptor(),
                        ShardsGrpc.getServiceDescriptor(),
                        ExternalScalerGrpc.getServiceDescriptor(),
                        HealthGrpc.getServiceDescriptor(),
                        ServerReflectionGrpc.getServiceDescriptor())
                .map(ServiceDescriptor::getMethods)
                .flatMap(Collection::stream)
                .map(MethodDescriptor::getFullMethodName);
    }

    /** Where others have all connections it is tried again. */
    private static String ended(Target target, String method, byte[] message) throws Exception {
        String answer = "";
        for (int i = 0; i < TIMES && (answer.isEmpty() || answer.contains("connections")); i++) {
            TimeUnit.SECONDS.sleep(i == 0 ? 0 : 1);
            answer = once(target, method, message);
        }
        return answer;
    }

    private static String once(Target target, String method, byte[] message) {
        try (Http2Attacker client = new Http2Attacker(target)) {
            int call = client.begin(method);
            client.prefix(call, message.length);
            client.data(call, message);
            client.end(call);
            return client.ended(call).replaceAll("\\d[\\d,]*", "N");
        } catch (IllegalStateException e) {
            return e.getMessage();
        } catch (IOException e) {
            return "no connections: " + e.getMessage();
        }
    }
}
