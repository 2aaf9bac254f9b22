package org.simreg.bench.reduce;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The Hazelcast cluster of a benchmark's event bus, on this machine alone. */
final class ReduceCluster {
    /** Some may be taken by others. */
    private static final int PORTS = 12;

    private ReduceCluster() {}

    /** Hazelcast's configuration for members that take the first free ports from one on. */
    static Path file(int firstPort) throws IOException {
        String text = """
                <hazelcast xmlns="http://www.hazelcast.com/schema/config">
                  <cluster-name>%s</cluster-name>
                  <network>
                    <port auto-increment="true">%d</port>
                    <join>
                      <multicast enabled="false"/>
                      <tcp-ip enabled="true">%s</tcp-ip>
                    </join>
                    <interfaces enabled="true"><interface>127.0.0.1</interface></interfaces>
                  </network>
                  <multimap name="__vertx.subs">
                    <value-collection-type>SET</value-collection-type>
                  </multimap>
                </hazelcast>
                """;
        String members = IntStream.range(firstPort, firstPort + PORTS)
                .mapToObj("<member>127.0.0.1:%d</member>"::formatted)
                .collect(Collectors.joining());
        return Files.writeString(
                Files.createTempFile("reduce-bench", ".xml"), text.formatted(UUID.randomUUID(), firstPort, members));
    }

    /** Joins the others; the cluster's code is on the class path of the command only. */
    static Vertx join() {
        EventBusOptions bus = new EventBusOptions().setHost("127.0.0.1");
        return Vertx.builder()
                .with(new VertxOptions().setEventBusOptions(bus))
                .buildClustered()
                .await();
    }
}
