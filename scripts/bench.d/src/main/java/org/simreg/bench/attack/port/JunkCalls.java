package org.simreg.bench.attack.port;

import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
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

    /** A sentence as INVALID_ARGUMENT, NOT_FOUND or RESOURCE_EXHAUSTED, or as the library of reflection says it. */
    private static final Pattern REFUSED = Pattern.compile("[358] .+|1 client cancelled");

    private JunkCalls() {}

    /**
     * Ends with 1 if a call was not refused.
     *
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
        Verdict verdict = new Verdict("junk");
        List<String> methods = methods().toList();
        for (String method : methods) {
            verdict.expect("random bytes to " + method, ended(target, method, random), REFUSED);
            verdict.expect("unknown fields to " + method, ended(target, method, unknown), REFUSED);
        }
        verdict.expectHealth(target);
        verdict.tell(2 * methods.size() + " calls of 4 MiB, two to each RPC");
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

    private static String ended(Target target, String method, byte[] message) throws InterruptedException {
        return target.insisted(() -> {
            try (Http2Attacker client = new Http2Attacker(target)) {
                int call = client.begin(method);
                client.prefix(call, message.length);
                client.data(call, message);
                client.end(call);
                return client.ended(call).replaceAll("(?<=\\D)\\d[\\d,]*", "N");
            }
        });
    }
}
