package org.simreg.coordinator.grpc.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.simreg.proto.JobsGrpc;

class RightsTest {
    @Test
    void everyRpcOfOursHasItsRoleInTheTable() throws Exception {
        List<String> nameless = new ArrayList<>();
        int seen = 0;
        for (ServiceDescriptor service : services()) {
            for (MethodDescriptor<?, ?> method : service.getMethods()) {
                seen++;
                if (!Rights.names(method.getFullMethodName())) {
                    nameless.add(method.getFullMethodName());
                }
            }
        }
        assertTrue(seen >= 14, seen + " RPCs");
        assertEquals(List.of(), nameless, "name them in Rights");
    }

    /** The services of all generated classes beside that of the jobs. */
    private static List<ServiceDescriptor> services() throws Exception {
        URI place = JobsGrpc.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI();
        Path path = Path.of(place);
        if (Files.isDirectory(path)) {
            return services(path);
        }
        try (FileSystem jar = FileSystems.newFileSystem(path)) {
            return services(jar.getPath("/"));
        }
    }

    private static List<ServiceDescriptor> services(Path root) throws Exception {
        List<ServiceDescriptor> services = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith("Grpc.class")).toList()) {
                String name = root.relativize(file).toString().replace('/', '.');
                Class<?> type = Class.forName(name.substring(0, name.length() - 6));
                services.add((ServiceDescriptor)
                        type.getMethod("getServiceDescriptor").invoke(null));
            }
        }
        return services;
    }

    @Test
    void whatTheTableDoesNotNameNeedsAnOperator() {
        assertEquals(Optional.of(Rights.Role.OPERATE), Rights.needed("simreg.v1.New/Thing"));
        assertEquals(Optional.empty(), Rights.needed("grpc.health.v1.Health/Watch"));
    }

    @Test
    void aWorkerIsNoOperatorAndAnOperatorNoWorker() {
        assertTrue(Rights.Role.OPERATE.covers(Rights.Role.READ) && Rights.Role.SUBMIT.covers(Rights.Role.READ));
        assertTrue(!Rights.Role.READ.covers(Rights.Role.SUBMIT) && !Rights.Role.SUBMIT.covers(Rights.Role.OPERATE));
        assertTrue(!Rights.Role.OPERATE.covers(Rights.Role.WORKER) && !Rights.Role.WORKER.covers(Rights.Role.READ));
        assertTrue(Rights.Role.WORKER.covers(Rights.Role.WORKER));
    }
}
