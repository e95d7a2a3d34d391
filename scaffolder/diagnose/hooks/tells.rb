# What a copy of a container has its Ruby load first: it writes down what the program swallows.
#
# The program's own Ruby runs this (RUBYOPT), from 2.4 on, and only in a copy. `raised`, beside this
# file, gets the exceptions that the program's own code handles, and the ends that it chooses, with
# the exception that it was handling, in lines as sitecustomize.py writes them. It loads no library:
# the program may lack that.
module ViscaffoldTells
  HERE = File.dirname(File.expand_path(__FILE__))
  RECORDS = "#{HERE}/raised"
  MOST = 400
  LONGEST = 8000
  NO_FAILURE = [SystemExit, SignalException, StopIteration, NoMemoryError].freeze
  WORKS = {
    open: IO, initialize: IO, connect: BasicObject, bind: BasicObject, read: IO, write: IO, spawn: BasicObject,
    system: BasicObject, fork: BasicObject, popen: IO, exec: BasicObject, mkdir: Dir, rename: File
  }.freeze
  LIBRARIES = %r{/(?:gems|rubygems|bundler|site_ruby|vendor_ruby)/|/lib/ruby/|\A<internal:}

  @written = 0
  @said = nil

  class << self
    # Write a line about an exception, if any is given; never fail.
    def record(kind, error, place, how = '', text = nil, way = [])
      return if @written >= (%w[exit said].include?(kind) ? 2 * MOST : MOST)

      @written += 1
      shown = text || (error ? chain(error).reverse.map { |one| line(one) }.join("\n") : '')
      names = error ? chain(error).flat_map { |one| names(one) } : []
      fields = { kind: kind, text: shown[0, LONGEST], place: place, how: how }
      parts = fields.map { |name, value| "\"#{name}\": #{quoted(value)}" }
      parts << "\"names\": [#{names.uniq.map { |name| quoted(name) }.join(', ')}]"
      parts << "\"way\": [#{way.map { |one| "[#{one.map { |value| quoted(value) }.join(', ')}]" }.join(', ')}]"
      File.open(RECORDS, File::WRONLY | File::APPEND) { |file| file.write("{#{parts.join(', ')}}\n") }
    rescue Exception # whatever a program's own exceptions do when they are shown
      nil
    end

    def quoted(text)
      known = text.to_s.dup.force_encoding(Encoding::UTF_8).scrub('?')
      "\"#{known.gsub(/[\\"\u0000-\u001f\u007f]/) { |one| format('\\u%04x', one.ord) }}\""
    end

    # Return an exception, and what caused it.
    def chain(error)
      found = []
      while error && found.size < 20 && !found.include?(error)
        found << error unless error.is_a?(SystemExit)
        error = error.cause
      end
      found
    end

    # Return what Ruby prints of an exception, in one line.
    def line(error)
      at = (error.backtrace || []).find { |one| own?(one) } || (error.backtrace || []).first
      "#{at}: #{error.message.to_s.lines.first.to_s.strip} (#{error.class})"
    end

    # Return the names of its classes, and those by which they are known in Python.
    def names(error)
      found = error.class.ancestors.grep(Class).map(&:to_s) - %w[Object BasicObject]
      found -= %w[IndexError] if error.is_a?(KeyError)
      found << 'OSError' if error.is_a?(SystemCallError)
      found << 'ImportError' if error.is_a?(LoadError)
      found
    end

    def own?(place)
      !place.start_with?(HERE) && !LIBRARIES.match?(place)
    end

    def failure?(error)
      error && NO_FAILURE.none? { |one| error.is_a?(one) }
    end

    # Take note of an end that the program chooses, with what it was handling then.
    def ends(error, place, how, way = [])
      tells
      record('exit', failure?(error) ? error : nil, place, how, nil, way)
    end

    # Return the places of the program's own code that led to an end, each with its function's name.
    def way_of(locations)
      own = locations.select { |one| own?(one.path) }.first(12)
      own.map { |one| ["#{one.path}:#{one.lineno}", one.base_label.to_s] }
    end

    def exits(point)
      error = point.raised_exception
      at = caller_locations.find { |one| own?(one.path) }
      place = at ? "#{at.path}:#{at.lineno}" : "#{point.path}:#{point.lineno}"
      inner = error.cause || $!
      inner = inner.cause while inner.is_a?(SystemExit)
      @said = [place, error.message] unless error.message == 'exit'
      ends(inner, place, @said ? "abort (#{error.status})" : "exit(#{error.status})", way_of(caller_locations))
    end

    # Write what it said as it ended, which its standard error may not show.
    def tells
      record('said', nil, @said[0], 'abort', @said[1]) if @said
      @said = nil
    end

    def handled(error, path, line)
      return unless failure?(error) && own?(path)

      record('handled', error, "#{path}:#{line}")
      @works.enable unless @works.enabled?
    end

    # Take note of an exception that nobody handled: it is printed, unless that was prevented.
    def lost
      tells
      record('exit', $!, 'standard error', 'uncaught') if failure?($!)
    end

    def listen
      @works = TracePoint.new(:c_call) do |point|
        kind = WORKS[point.method_id]
        if kind && own?(point.path) && (kind == BasicObject || point.self.is_a?(kind) || point.self.equal?(kind) ||
           (point.self.is_a?(Class) && point.self <= kind)) && ![$stdout, $stderr].include?(point.self)
          @works.disable
          record('works', nil, '')
        end
      end
      watch_raises
      watch_rescues
      at_exit { lost }
    end

    def watch_raises
      TracePoint.new(:raise) do |point|
        error = point.raised_exception
        if error.is_a?(SystemExit)
          exits(point) unless error.equal?(@exit)
          @exit = error
        elsif RUBY_VERSION < '3.3'
          # Which code handles it is not told: what the program's own code raises, it handles.
          handled(error, point.path, point.lineno)
        end
      end.enable
    end

    def watch_rescues
      TracePoint.new(:rescue) { |point| handled(point.raised_exception, point.path, point.lineno) }.enable
    rescue ArgumentError # before Ruby 3.3
      nil
    end
  end

  # Takes note where the program ends at once.
  module Ends
    def exit!(*args)
      ViscaffoldTells.ends($!, ViscaffoldTells.caller_of(caller_locations), "exit!(#{args.join(', ')})",
                           ViscaffoldTells.way_of(caller_locations))
      super
    end
  end

  # The same where it does that without `Process`.
  module EndsItself
    include Ends
    private :exit!
  end

  # The same for the signals that it sends to itself.
  module Kills
    def kill(signal, *numbers)
      if signal != 0 && numbers.include?(Process.pid)
        ViscaffoldTells.ends($!, ViscaffoldTells.caller_of(caller_locations), "kill(#{signal})")
      end
      super
    end
  end

  def self.caller_of(locations)
    at = locations.find { |one| own?(one.path) }
    at ? "#{at.path}:#{at.lineno}" : ''
  end

  if File.writable?(RECORDS)
    Object.prepend(EndsItself)
    Process.singleton_class.prepend(Ends)
    Process.singleton_class.prepend(Kills)
    listen
  end
end
