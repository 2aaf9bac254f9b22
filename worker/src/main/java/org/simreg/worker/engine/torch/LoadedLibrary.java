package org.simreg.worker.engine.torch;

import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The shared libraries that this process has loaded, for calls that DJL doesn't offer. Linux only; elsewhere there is none. */
final class LoadedLibrary {
    private static final Path MAPS = Path.of("/proc/self/maps");

    private LoadedLibrary() {}

    /**
     * A library of this process.
     *
     * @param name of its file without {@code lib} and from {@code .so} on without version: {@code torch_cpu}; wheels put
     *     a digest behind it ({@code libcudart-1b2c.so.12})
     * @return empty if none of that name is loaded
     */
    static Optional<NativeLibrary> named(String name) {
        return paths(name).stream().findFirst().map(NativeLibrary::getInstance);
    }

    /**
     * A library of this process that another one has loaded with it: of several of its name the one that lies nearest.
     *
     * @param other the name of the other; without it there is none
     */
    static Optional<NativeLibrary> beside(String other, String name) {
        return paths(other).stream()
                .findFirst()
                .flatMap(near -> paths(name).stream()
                        .max(Comparator.comparingInt(path -> alike(path, near)))
                        .map(NativeLibrary::getInstance));
    }

    private static int alike(String path, String other) {
        int same = 0;
        while (same < Math.min(path.length(), other.length()) && path.charAt(same) == other.charAt(same)) {
            same++;
        }
        return same;
    }

    private static List<String> paths(String name) {
        Pattern file = Pattern.compile("/lib" + Pattern.quote(name) + "(-[0-9a-f]+)?\\.so[.\\d]*$");
        try (Stream<String> maps = Files.lines(MAPS)) {
            return maps.filter(line -> file.matcher(line).find())
                    .map(line -> line.substring(line.indexOf('/')))
                    .distinct()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
