package org.simreg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The rules of the code's structure: which room (package) may use which, where a technology may
 * stand, names and sizes. The rooms and their arrows are the table of {@code docs/architecture.md}.
 */
class HouseTest {
    private static final String ROOT = "org.simreg.";
    private static final Path TABLE = Path.of("..", "docs", "architecture.md");
    private static final List<Path> SOURCES = Stream.of("proto", "worker", "coordinator")
            .map(module -> Path.of("..", module, "src", "main", "java"))
            .toList();

    /** What every room may use. */
    private static final Set<String> GROUND = Set.of("proto", "worker.base.io", "worker.base.concurrent");

    private static final Pattern ROW =
            Pattern.compile("\\| `((?:worker|coordinator)[\\w.]*)` \\| ([^|]*) \\| ([^|]*) \\|");
    private static final Pattern NAME = Pattern.compile("`([\\w.]+)`");

    /** Room to the rooms that it may use. */
    private static final Map<String, Set<String>> ARROWS = new TreeMap<>();

    /** Rooms that may use gRPC, Vert.x, Hazelcast and Netty. */
    private static final Set<String> RIM = new TreeSet<>();

    /** Source files of ours, by the name of their class. */
    private static final Map<String, Path> FILES = new TreeMap<>();

    private static List<JavaClass> classes;

    @BeforeAll
    static void read() throws IOException {
        for (String line : Files.readAllLines(TABLE)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                Set<String> uses = new TreeSet<>(GROUND);
                NAME.matcher(row.group(3)).results().forEach(use -> uses.add(use.group(1)));
                ARROWS.put(row.group(1), uses);
                if (row.group(2).endsWith("(rim)")) {
                    RIM.add(row.group(1));
                }
            }
        }
        for (Path sources : SOURCES) {
            try (Stream<Path> files = Files.walk(sources)) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .forEach(file -> FILES.put(className(sources.relativize(file)), file));
            }
        }
        JavaClasses all = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("org.simreg");
        classes = all.stream()
                .filter(type -> FILES.containsKey(outermost(type)))
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .toList();
    }

    private static String className(Path file) {
        String name = file.toString().replace('/', '.');
        return name.substring(0, name.length() - ".java".length());
    }

    private static String outermost(JavaClass type) {
        String name = type.getName();
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    private static String room(JavaClass type) {
        return type.getPackageName().substring(ROOT.length());
    }

    private static String wing(String room) {
        return Arrays.stream(room.split("\\.")).limit(2).collect(Collectors.joining("."));
    }

    @Test
    void everyRoomStandsInTheTableAndTheOtherWayRound() {
        Set<String> rooms = new TreeSet<>();
        classes.forEach(type -> rooms.add(room(type)));
        rooms.remove("proto");
        assertEquals(rooms, ARROWS.keySet(), "Rooms in the code, and in " + TABLE);
    }

    @Test
    void aRoomUsesOnlyWhatItsArrowsAllow() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : classes) {
            Set<String> allowed = ARROWS.getOrDefault(room(type), Set.of("proto"));
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass used = dependency.getTargetClass().getBaseComponentType();
                if (isOurs(used) && !room(used).equals(room(type)) && !allowed.contains(room(used))) {
                    wrong.add("%s -> %s: %s uses %s".formatted(room(type), room(used), simple(type), simple(used)));
                }
            }
        }
        none(wrong);
    }

    @Test
    void neitherRoomsNorWingsGoInCircles() {
        assertEquals(List.of(), circle(room -> room), "A circle of rooms");
        assertEquals(List.of(), circle(HouseTest::wing), "A circle of wings");
    }

    /** A circle of the groups that use each other, or nothing. */
    private static List<String> circle(UnaryOperator<String> group) {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (JavaClass type : classes) {
            String from = group.apply(room(type));
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass used = dependency.getTargetClass().getBaseComponentType();
                if (isOurs(used) && !group.apply(room(used)).equals(from)) {
                    uses.computeIfAbsent(from, key -> new TreeSet<>()).add(group.apply(room(used)));
                }
            }
        }
        Set<String> clear = new TreeSet<>();
        for (String start : uses.keySet()) {
            List<String> found = walk(start, uses, clear, new ArrayList<>());
            if (!found.isEmpty()) {
                return found;
            }
        }
        return List.of();
    }

    private static List<String> walk(String at, Map<String, Set<String>> uses, Set<String> clear, List<String> way) {
        int before = way.indexOf(at);
        if (before >= 0) {
            return List.copyOf(way.subList(before, way.size()));
        }
        if (clear.contains(at)) {
            return List.of();
        }
        way.add(at);
        for (String next : uses.getOrDefault(at, Set.of())) {
            List<String> found = walk(next, uses, clear, way);
            if (!found.isEmpty()) {
                return found;
            }
        }
        way.remove(way.size() - 1);
        clear.add(at);
        return List.of();
    }

    @Test
    void technologiesStandAtTheRim() {
        Set<String> wrong = new TreeSet<>();
        // Netty's allocator says how much direct memory is in use.
        keep(wrong, HouseTest::isNetwork, RIM, Set.of("Meters"));
        keep(
                wrong,
                name -> name.startsWith("ai.djl."),
                Set.of(
                        "worker.engine.torch",
                        "worker.engine.torchscript",
                        "worker.train",
                        "worker.train.teacher",
                        "worker.train.student",
                        "worker.features.embed",
                        "worker.features.probe",
                        "worker.features.search",
                        "worker.features.serve",
                        "worker.exchange.reduce",
                        "worker.export.edge",
                        "worker.member.generation"),
                Set.of());
        keep(wrong, name -> name.startsWith("picocli."), rooms("coordinator.cli"), Set.of());
        keep(wrong, name -> name.startsWith("org.bytedeco."), Set.of("worker.data.image"), Set.of());
        keep(wrong, name -> name.startsWith("ai.onnxruntime."), Set.of("worker.export.edge"), Set.of());
        keep(wrong, name -> name.startsWith("software.amazon."), Set.of("worker.data.store.s3"), Set.of());
        keep(
                wrong,
                name -> name.startsWith("com.google.gson."),
                Set.of(
                        "worker.weights.format",
                        "worker.data.dataset.tar",
                        "worker.data.dataset.parquet",
                        "coordinator.view.console",
                        "coordinator.view.report",
                        "coordinator.view.web",
                        "coordinator.view.observe"),
                Set.of());
        none(wrong);
    }

    private static boolean isNetwork(String name) {
        return name.startsWith("io.grpc.")
                || name.startsWith("io.vertx.")
                || name.startsWith("com.hazelcast.")
                || name.startsWith("io.netty.")
                || name.startsWith("org.simreg.proto.") && name.endsWith("Grpc");
    }

    private static Set<String> rooms(String wing) {
        return ARROWS.keySet().stream()
                .filter(room -> room.equals(wing) || room.startsWith(wing + "."))
                .collect(Collectors.toSet());
    }

    private static void keep(Set<String> wrong, Predicate<String> technology, Set<String> rooms, Set<String> except) {
        for (JavaClass type : classes) {
            if (!rooms.contains(room(type)) && !except.contains(outerSimple(type))) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    String used =
                            dependency.getTargetClass().getBaseComponentType().getName();
                    if (technology.test(used)) {
                        wrong.add("%s: %s uses %s".formatted(room(type), simple(type), used));
                    }
                }
            }
        }
    }

    @Test
    void aNameStandsOnceAndSaysWhatAThingIs() throws IOException {
        Map<String, Set<String>> places = new HashMap<>();
        for (String name : FILES.keySet()) {
            places.computeIfAbsent(last(name), key -> new TreeSet<>()).add(name);
        }
        try (Stream<Path> files = Files.walk(Path.of("..", "proto", "src", "main", "proto"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".proto")).toList()) {
                Pattern message = Pattern.compile("^(?:message|enum|service) (\\w+)", Pattern.MULTILINE);
                message.matcher(Files.readString(file))
                        .results()
                        .forEach(found -> places.computeIfAbsent(found.group(1), key -> new TreeSet<>())
                                .add(file.getFileName() + ":" + found.group(1)));
            }
        }
        places.remove("package-info");
        Set<String> wrong = new TreeSet<>();
        places.values().stream().filter(where -> where.size() > 1).forEach(where -> wrong.add("Twice: " + where));
        Pattern empty = Pattern.compile(".+(Manager|Helper|Utils?|Impl|Base|Desk)");
        places.keySet().stream().filter(name -> empty.matcher(name).matches()).forEach(wrong::add);
        none(wrong);
    }

    @Test
    void filesAndRoomsStaySmall() throws IOException {
        Set<String> wrong = new TreeSet<>();
        Map<Path, Integer> sizes = new TreeMap<>();
        for (Path file : FILES.values()) {
            long lines = Files.readAllLines(file).size();
            if (lines > 400) {
                wrong.add("%s has %d lines, 400 at most".formatted(file, lines));
            }
            boolean info = file.endsWith("package-info.java");
            sizes.merge(file.getParent(), info ? 0 : 1, Integer::sum);
        }
        sizes.forEach((folder, files) -> {
            if (files > 15) {
                wrong.add("%s has %d files, 15 at most".formatted(folder, files));
            }
            if (!Files.exists(folder.resolve("package-info.java"))) {
                wrong.add(folder + " has no package-info.java");
            }
        });
        none(wrong);
    }

    @Test
    void aCoordinatorNeverLoadsLibtorch() {
        Set<String> wrong = new TreeSet<>();
        Set<String> rooms = rooms("coordinator");
        rooms.removeAll(rooms("coordinator.cli"));
        rooms.removeAll(rooms("coordinator.node"));
        for (JavaClass type : classes) {
            if (rooms.contains(room(type))) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    String used =
                            dependency.getTargetClass().getBaseComponentType().getName();
                    if (used.startsWith("ai.djl.") || used.startsWith(ROOT + "worker.engine.torch.")) {
                        wrong.add("%s: %s uses %s".formatted(room(type), simple(type), used));
                    }
                }
            }
        }
        none(wrong);
    }

    @Test
    void oneClassEndsTheProcess() {
        none(callers(call -> call.getName().equals("exit") && isOf(call, System.class), Set.of("Simreg")));
    }

    @Test
    void threadsComeFromOnePlace() {
        Set<String> may = Set.of("NamedThreads", "SerialThread");
        none(callers(
                call -> isOf(call, Thread.class) && call.getName().equals("<init>")
                        || call.getTargetOwner().getName().equals("java.util.concurrent.Executors")
                                && call.getName().startsWith("new"),
                may));
    }

    private static boolean isOf(JavaCall<?> call, Class<?> owner) {
        return call.getTargetOwner().getName().equals(owner.getName());
    }

    private static Set<String> callers(Predicate<JavaCall<?>> wanted, Set<String> except) {
        Set<String> found = new TreeSet<>();
        for (JavaClass type : classes) {
            if (!except.contains(outerSimple(type))) {
                Stream.concat(type.getMethodCallsFromSelf().stream(), type.getConstructorCallsFromSelf().stream())
                        .filter(wanted)
                        .forEach(call -> found.add(call.getDescription()));
            }
        }
        return found;
    }

    private static boolean isOurs(JavaClass type) {
        return type.getName().startsWith(ROOT) && FILES.containsKey(outermost(type));
    }

    private static String outerSimple(JavaClass type) {
        return last(outermost(type));
    }

    private static String simple(JavaClass type) {
        return last(type.getName());
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static void none(Set<String> wrong) {
        assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    }
}
