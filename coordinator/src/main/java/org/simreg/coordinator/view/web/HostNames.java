package org.simreg.coordinator.view.web;

import io.netty.util.NetUtil;
import io.vertx.core.net.HostAndPort;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.simreg.worker.base.io.Disk;

/**
 * The names that requests may call this server by. A foreign page whose name leads here (DNS
 * rebinding) would else read everything as if it were ours.
 */
final class HostNames {
    private static final int LONGEST = 100;

    private final Set<String> names = new HashSet<>();

    /**
     * @param host that is listened on
     * @param more names, in any case
     */
    HostNames(String host, Set<String> more) {
        names.add(plain(host));
        more.forEach(name -> names.add(plain(name)));
    }

    /**
     * Why a request is refused; empty if it isn't.
     *
     * @param authority that it names; null if none, as browsers never do
     */
    Optional<String> refusal(HostAndPort authority) {
        if (authority == null) {
            return Optional.empty();
        }
        String name = plain(authority.host());
        boolean ours = names.contains(name)
                || name.equals("localhost")
                || name.endsWith(".localhost")
                || NetUtil.isValidIpV4Address(name)
                || NetUtil.isValidIpV6Address(name);
        return ours ? Optional.empty() : Optional.of(sentence(name));
    }

    private static String sentence(String name) {
        String shown = Disk.printable(name.length() <= LONGEST ? name : name.substring(0, LONGEST) + "...");
        return "This server doesn't answer to the name '" + shown + "'; if it is its own, start it with --http-name";
    }

    private static String plain(String name) {
        String plain = name.toLowerCase(Locale.ROOT);
        plain = plain.endsWith(".") ? plain.substring(0, plain.length() - 1) : plain;
        return plain.startsWith("[") && plain.endsWith("]") ? plain.substring(1, plain.length() - 1) : plain;
    }
}
