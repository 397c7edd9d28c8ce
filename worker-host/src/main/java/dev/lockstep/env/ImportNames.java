package dev.lockstep.env;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which package has a module: usually the one of the same name. The others that are known are those
 * of docs/running-scripts.md.
 */
public final class ImportNames {
  static final Map<String, String> PACKAGES =
      Map.ofEntries(
          Map.entry("attr", "attrs"),
          Map.entry("bs4", "beautifulsoup4"),
          Map.entry("Crypto", "pycryptodome"),
          Map.entry("cv2", "opencv-python"),
          Map.entry("dateutil", "python-dateutil"),
          Map.entry("docx", "python-docx"),
          Map.entry("dotenv", "python-dotenv"),
          Map.entry("fitz", "PyMuPDF"),
          Map.entry("git", "GitPython"),
          Map.entry("jwt", "PyJWT"),
          Map.entry("mpl_toolkits", "matplotlib"),
          Map.entry("MySQLdb", "mysqlclient"),
          Map.entry("nacl", "PyNaCl"),
          Map.entry("OpenSSL", "pyOpenSSL"),
          Map.entry("PIL", "pillow"),
          Map.entry("pkg_resources", "setuptools"),
          Map.entry("pptx", "python-pptx"),
          Map.entry("pylab", "matplotlib"),
          Map.entry("serial", "pyserial"),
          Map.entry("skimage", "scikit-image"),
          Map.entry("sklearn", "scikit-learn"),
          Map.entry("slugify", "python-slugify"),
          Map.entry("usb", "pyusb"),
          Map.entry("websocket", "websocket-client"),
          Map.entry("yaml", "PyYAML"),
          Map.entry("zmq", "pyzmq"));

  /** Shared by the packages of many: their own names say nothing of which one is meant. */
  private static final Set<String> SHARED = Set.of("azure", "google", "ruamel", "zope");

  /**
   * Modules of some Python or other that another one may lack: of other systems, of optional parts,
   * of versions that are gone. No package is to take their place.
   */
  private static final Set<String> PYTHONS_OWN =
      Set.of(
          ("_curses _dbm _gdbm _msi _overlapped _scproxy _tkinter _winapi aifc asynchat asyncore"
                  + " audioop binhex bz2 cgi cgitb chunk crypt ctypes curses dbm distutils"
                  + " ensurepip formatter graphlib idlelib imghdr imp lib2to3 lzma mailcap msilib"
                  + " msvcrt nis nntplib nt ossaudiodev parser pipes readline smtpd sndhdr spwd"
                  + " sqlite3 ssl sunau symbol telnetlib tkinter tomllib turtle turtledemo uu venv"
                  + " winreg winsound xdrlib zoneinfo")
              .split(" "));

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_]*[A-Za-z0-9])?");

  private ImportNames() {}

  /** Whether it is a module of Python itself, though perhaps not of this one. */
  public static boolean isPythonsOwn(String module) {
    return PYTHONS_OWN.contains(module);
  }

  /**
   * The packages that have these modules, in their order; Python's own modules are left alone.
   *
   * @param modules top-level names
   * @throws EnvironmentException for a name that no package has, or that those of many share
   */
  public static List<String> packagesOf(List<String> modules) {
    List<String> packages = new ArrayList<>();
    for (String module : modules) {
      if (isPythonsOwn(module)) {
        continue;
      }
      @Nullable String known = PACKAGES.get(module);
      if (known == null && (SHARED.contains(module) || !NAME.matcher(module).matches())) {
        throw new EnvironmentException(
            "it is not known which package has this module: module="
                + module
                + "; name the package in the configuration's key packages");
      }
      String name = known == null ? module : known;
      if (!packages.contains(name)) {
        packages.add(name);
      }
    }
    return packages;
  }
}
