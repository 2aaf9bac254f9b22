package org.simreg.coordinator.store.hazelcast;

import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.config.MultiMapConfig;
import com.hazelcast.config.MultiMapConfig.ValueCollectionType;
import com.hazelcast.config.SerializationConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.ProtocolType;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import java.util.List;

/** The configuration of Hazelcast, the same for every process of a cluster. */
public final class ClusterConfig {
    private static final int FIRST_PORT = 5701;
    private static final List<String> OWN_MAPS =
            List.of(HazelcastJobs.MAP, HazelcastRecords.WORKERS, HazelcastRecords.BANKS);

    private ClusterConfig() {}

    /** A configuration for a new member; nothing is read from files. */
    public static Config of(ClusterAddress own) {
        Config config = new Config();
        config.setClusterName(own.cluster());
        detection(config);
        network(config, own);
        serialization(config.getSerializationConfig());
        config.getManagementCenterConfig()
                .setScriptingEnabled(false)
                .setConsoleEnabled(false)
                .setDataAccessEnabled(false);
        maps(config);
        return config;
    }

    /** A dead member is gone in half a second, a frozen one in ten. */
    private static void detection(Config config) {
        config.setProperty("hazelcast.logging.type", "slf4j")
                .setProperty("hazelcast.phone.home.enabled", "false")
                // Only on the address that the others know it by.
                .setProperty("hazelcast.socket.bind.any", "false")
                .setProperty("hazelcast.heartbeat.interval.seconds", "1")
                .setProperty("hazelcast.max.no.heartbeat.seconds", "10")
                .setProperty("hazelcast.connection.monitor.interval", "50")
                .setProperty("hazelcast.connection.monitor.max.faults", "1")
                .setProperty("hazelcast.merge.first.run.delay.seconds", "10")
                .setProperty("hazelcast.merge.next.run.delay.seconds", "10")
                // The process's own handler closes things in order.
                .setProperty("hazelcast.shutdownhook.enabled", "false");
    }

    /**
     * One port that speaks to members only: no clients, REST or memcache, which a port without
     * protocols of its own would speak, too.
     */
    private static void network(Config config, ClusterAddress own) {
        AdvancedNetworkConfig network = config.getAdvancedNetworkConfig();
        boolean any = own.port() == 0;
        String address = own.address();
        // Else it looks at this machine's IPv4 addresses only.
        config.setProperty("hazelcast.prefer.ipv4.stack", String.valueOf(!address.contains(":")));
        ServerSocketEndpointConfig members = new ServerSocketEndpointConfig()
                .setProtocolType(ProtocolType.MEMBER)
                .setPort(any ? FIRST_PORT : own.port())
                .setPortAutoIncrement(any)
                .setPublicAddress(address);
        members.getInterfaces().setEnabled(true).addInterface(address);
        network.setEnabled(true).setMemberEndpointConfig(members);
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        if (own.service().isPresent()) {
            join.getKubernetesConfig()
                    .setEnabled(true)
                    .setProperty("service-dns", own.service().get());
        } else {
            join.getTcpIpConfig().setEnabled(true).setMembers(own.peers());
        }
    }

    /**
     * Objects of Java are made of bytes only where members tell each other of failures: values are
     * texts, bytes, or of types that read themselves.
     */
    private static void serialization(SerializationConfig serialization) {
        ClassFilter failures = new ClassFilter()
                .addPrefixes("com.hazelcast.", "java.lang.", "[Ljava.lang.StackTraceElement;", "java.util.concurrent.")
                .addClasses(
                        "java.util.Collections$EmptyList",
                        "java.util.Collections$UnmodifiableCollection",
                        "java.util.Collections$UnmodifiableList",
                        "java.util.ArrayList",
                        "java.io.IOException",
                        "java.io.EOFException");
        ClassFilter never =
                new ClassFilter().addPrefixes("java.lang.invoke.", "java.lang.reflect.", "java.lang.Process");
        serialization
                .setJavaSerializationFilterConfig(new JavaSerializationFilterConfig()
                        .setDefaultsDisabled(true)
                        .setWhitelist(failures)
                        .setBlacklist(never))
                .addDataSerializableFactory(HazelcastJobs.PutIfNewer.FACTORY, type -> new HazelcastJobs.PutIfNewer());
    }

    /** The maps that vertx-hazelcast asks for, and our own. */
    private static void maps(Config config) {
        MergePolicyConfig discard = new MergePolicyConfig(DiscardMergePolicy.class.getName(), 100);
        for (String name : OWN_MAPS) {
            // A backup may lag behind, and the usual merge brings back what was removed.
            config.addMapConfig(new MapConfig(name)
                    .setBackupCount(2)
                    .setReadBackupData(false)
                    .setMergePolicyConfig(discard));
        }
        config.addMultiMapConfig(
                new MultiMapConfig("__vertx.subs").setBackupCount(1).setValueCollectionType(ValueCollectionType.SET));
        config.addMapConfig(new MapConfig("__vertx.haInfo").setBackupCount(1));
        config.addMapConfig(new MapConfig("__vertx.nodeInfo").setBackupCount(1));
    }
}
