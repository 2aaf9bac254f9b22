package org.simreg.bench.gpu;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.network.family.Networks;

/**
 * The check of a device against the CPU and against itself, as a table; ends with code 0 where all passes, with 1
 * otherwise, with 2 where it is asked for what isn't there. With {@code --device=cpu} the CPU is compared with itself,
 * running the code that is written for GPUs as far as it needs none of CUDA's operators.
 */
public final class GpuCheck {
    /** Students of each kind of layer, for the parts that take one network. */
    private static final Network REPEATED = Network.RESNET18;

    private final Map<String, String> options = new HashMap<>();

    private GpuCheck(String[] arguments) {
        Map<String, String> known = Map.of(
                "device", "cuda:0",
                "threads", String.valueOf(Runtime.getRuntime().availableProcessors()),
                "networks", "all",
                "largest", "100",
                "parts", "networks,repeats,kill,neighbors",
                "pictures", "scripts/sample/train/smileys-emotion--heart");
        options.putAll(known);
        for (String argument : arguments) {
            String[] words = argument.split("=", 2);
            String name = words[0].replaceFirst("^--", "");
            if (words.length < 2 || !argument.startsWith("--") || !known.containsKey(name)) {
                throw new UserError(
                        argument + " is no option; there are --" + String.join("=, --", known.keySet()) + "=");
            }
            options.put(name, words[1]);
        }
    }

    /** @param arguments options, each {@code --NAME=VALUE}; {@code scripts/gpu-check --help} says which */
    public static void main(String[] arguments) {
        System.exit(code(arguments));
    }

    private static int code(String[] arguments) {
        try {
            if (arguments.length > 0 && arguments[0].startsWith("--part=")) {
                part(arguments);
                return 0;
            }
            return new GpuCheck(arguments).run() ? 0 : 1;
        } catch (UserError e) {
            System.err.println("gpu-check: " + e.getMessage());
            return 2;
        }
    }

    /** Another process' part of the check. */
    private static void part(String[] words) {
        int threads = Integer.parseInt(words[2]);
        if (words[0].equals("--part=steps")) {
            RepeatCheck.steps(words[1], threads, Network.valueOf(words[3]));
        } else {
            KillCheck.train(words[1], threads, Path.of(words[3]), Path.of(words[4]), words[5]);
        }
    }

    private boolean run() {
        long begun = System.nanoTime();
        String device = options.get("device");
        int threads = number("threads");
        try (Torch cpu = new Torch("cpu", threads);
                Torch checked = new Torch(device, threads)) {
            cpu.enter();
            System.out.println(checked.profile());
            System.out.println("against " + cpu.profile());
            CheckTable table = new CheckTable();
            for (String part : options.get("parts").split(",")) {
                switch (part) {
                    case "networks" -> new NetworkCheck(cpu, checked, table).all(networks());
                    case "repeats" -> {
                        RepeatCheck repeats = new RepeatCheck(checked, table);
                        repeats.all(REPEATED);
                        repeats.processes(REPEATED, device, threads);
                    }
                    case "kill" -> new KillCheck(Path.of(options.get("pictures")), device, threads).run(table);
                    case "neighbors" -> NeighborCheck.run(cpu, checked, threads, table);
                    default ->
                        throw new UserError(
                                "--parts names \"" + part + "\"; there are networks, repeats, kill and neighbors");
                }
            }
            return table.end((System.nanoTime() - begun) / 1e9);
        }
    }

    private int number(String option) {
        try {
            return Integer.parseInt(options.get(option));
        } catch (NumberFormatException e) {
            throw new UserError("--" + option + " is \"" + options.get(option) + "\", which is no whole number");
        }
    }

    private List<Network> networks() {
        String names = options.get("networks");
        if (names.equals("all")) {
            int largest = number("largest");
            return Networks.all().stream()
                    .filter(network -> CheckedNetwork.millions(network) <= largest)
                    .toList();
        }
        return Arrays.stream(names.split(","))
                .map(name -> name.toUpperCase(Locale.ROOT).replace('-', '_'))
                .map(name -> Networks.all().stream()
                        .filter(network -> network.name().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new UserError("--networks names \"" + name + "\", which is no network")))
                .toList();
    }
}
